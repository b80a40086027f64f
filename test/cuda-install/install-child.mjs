// Installs in a process of its own: `node install-child.mjs <compiled install.js> <compiled wheel-source.js> <options as JSON>`.
// Says "waiting", "got PROJECT" once there are bytes of a wheel on disk, and "done IS_NEW".
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { installLibraries } = await import(pathToFileURL(process.argv[2]).href);
const { indexSource } = await import(pathToFileURL(process.argv[3]).href);
const { url, ...options } = JSON.parse(process.argv[4]);
const said = new Set();
const say = (line) => {
  if (!said.has(line)) writeSync(1, `${line}\n`);
  said.add(line);
};
const starts = new Map();
const onEvent = (event) => {
  if (event.phase === 'waiting') return say('waiting');
  const { project } = event.wheel;
  if (!starts.has(project)) starts.set(project, event.bytesDone);
  if (event.bytesDone > starts.get(project)) say(`got ${project}`);
};
const isNew = await installLibraries({ ...options, source: indexSource(url, 1), onEvent });
say(`done ${isNew}`);
