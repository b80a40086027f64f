import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { quoted } from '../checkpoint/quoted.ts';
import type { PackPlan } from '../deepseek-v2/packed-weights.ts';
import { CheckpointError } from '../errors.ts';
import { isSourceDtype } from './convert-values.ts';

const NAMED_AT_MOST = 3;

/**
 * Checks that a checkpoint has exactly the tensors that its config.json calls for, in the right shapes and in a type
 * that is read. A tensor too many means that the model has a part which would not be served.
 * @throws CheckpointError naming the tensor and the file
 */
export function checkTensors(checkpoint: Checkpoint, plan: PackPlan): void {
  for (const { name, shape, dtype, file } of checkpoint.tensors.values()) {
    const expected = plan.sourceShapes.get(name);
    if (expected === undefined) {
      if (isHarmless(name)) continue;
      throw new CheckpointError(
        file,
        `holds tensor ${quoted(name)}, which a model with this config.json does not have`,
      );
    }
    if (shape.length !== expected.length || shape.some((size, i) => size !== expected[i])) {
      throw new CheckpointError(
        file,
        `tensor ${quoted(name)} has the shape [${shape.join(', ')}]; config.json calls for [${expected.join(', ')}]`,
      );
    }
    if (!isSourceDtype(dtype)) {
      throw new CheckpointError(file, `tensor ${quoted(name)} has the dtype ${dtype}; F32, F16 and BF16 are read`);
    }
  }
  const missing = [...plan.sourceShapes.keys()].filter((name) => !checkpoint.tensors.has(name));
  if (missing.length === 0) return;
  const file = checkpoint.shards.length === 1 ? checkpoint.shards[0]!.path : checkpoint.folder;
  const some = missing.slice(0, NAMED_AT_MOST).map(quoted).join(', ');
  const more = missing.length > NAMED_AT_MOST ? ` and ${missing.length - NAMED_AT_MOST} more` : '';
  throw new CheckpointError(
    file,
    `lacks tensor${missing.length > 1 ? 's' : ''} ${some}${more}, which config.json calls for`,
  );
}

/**
 * Tensors that old exports carry and nobody reads: the frequencies of RoPE, which follow from config.json, and the
 * output matrix of a model that uses its embeddings for it (where it is not tied, the plan names it).
 */
function isHarmless(name: string): boolean {
  return name.endsWith('.rotary_emb.inv_freq') || name === 'lm_head.weight';
}
