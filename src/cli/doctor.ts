import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ServeConfig } from '../config/serve-config.ts';
import { defaultCacheRoot } from '../packing/cache-root.ts';
import { checkMachine } from './check-machine.ts';
import { checkModel } from './check-model.ts';
import { checkCacheFolder, checkPort } from './check-place.ts';
import { type Check, type DoctorReport, renderReport, toReport } from './doctor-report.ts';
import { shippedModelFolder } from './model-folder.ts';
import { packageVersion } from './package-root.ts';

/** Looks at everything that serving with this configuration needs; changes nothing. */
export async function examine(config: ServeConfig): Promise<DoctorReport> {
  const machine = await checkMachine();
  const { checks: model, packedBytes } = await checkModel(config);
  const shipped = config.model === null ? [] : [checkShippedModel()];
  const cacheRoot = config.cacheDir === null ? defaultCacheRoot() : path.resolve(config.cacheDir);
  const cache = checkCacheFolder(cacheRoot, packedBytes);
  const port = await checkPort(config.host, config.port);
  return toReport(packageVersion(), [...machine, ...model, ...shipped, cache, port]);
}

/** Named beside a model of one's own. */
function checkShippedModel(): Check {
  const folder = shippedModelFolder();
  const message = existsSync(folder) ? `${folder} is there` : `${folder} is missing from this installation`;
  return { id: 'shipped-model', title: 'Shipped model', status: 'note', message };
}

/**
 * Prints the report.
 * @returns the exit code: 1 when serving is impossible
 */
export async function doctor(config: ServeConfig, asJson: boolean): Promise<number> {
  const report = await examine(config);
  const text = asJson ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report, process.stdout.isTTY === true);
  process.stdout.write(text);
  return report.canServe ? 0 : 1;
}
