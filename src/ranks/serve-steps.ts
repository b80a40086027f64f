import type { Rank } from './rank.ts';
import type { RankLink } from './rank-link.ts';

/**
 * A rank's loop, until the link says stop: begins steps as soon as they are there, also while earlier ones are under way, and answers
 * them in order.
 */
export function serveSteps(rank: Rank, link: RankLink): void {
  let underWay = 0;
  const finish = (isInterrupted?: () => boolean): void => {
    let error: Error | null = null;
    try {
      if (!rank.finish(isInterrupted)) return;
    } catch (cause) {
      error = toError(cause);
    }
    underWay--;
    link.complete(error);
  };
  for (;;) {
    if (underWay > 0 && !link.hasNext) {
      finish(() => link.hasNext);
      continue;
    }
    if (!link.next()) return;
    try {
      rank.begin(() => link.awaitLateInputs());
      underWay++;
    } catch (cause) {
      // The answers of earlier steps go first.
      while (underWay > 0) finish();
      link.complete(toError(cause));
    }
  }
}

function toError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
