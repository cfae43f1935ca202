import type { LogTargetConfig } from '../../config/types.ts';

/**
 * `sample <ranges>:<size>`: whether the next line belongs to the sample. Lines are counted from 1 to `size`, again and again.
 */
export function createSample(sample: NonNullable<LogTargetConfig['sample']>): () => boolean {
  let position = 0;
  return () => {
    position = position >= sample.size ? 1 : position + 1;
    for (const [first, last] of sample.ranges) if (position >= first && position <= last) return true;
    return false;
  };
}
