import { readFileSync, writeFileSync } from 'node:fs';
import { parameterTable } from '../dist/openai/parameter-table.js';
import { PARTS, renderApiDocs } from './api-docs.mjs';

const docs = new URL('../docs/', import.meta.url);
const parts = PARTS.map((name) => readFileSync(new URL(`api/${name}`, docs), 'utf8'));
writeFileSync(new URL('api.md', docs), renderApiDocs(parts, parameterTable));
