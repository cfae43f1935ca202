import { OperationError } from '../errors.ts';
import type { Kind } from '../kinds.ts';

/** Load balancers that one operation may be done on. */
export const MOST_TARGETS = 1000;

/** Load balancers of a wave: a number, or a share of the fleet in percent. */
export type WaveSize = { readonly count: number } | { readonly percent: number };

export const waveKind: Kind<WaveSize> = {
  placeholder: 'N|PERCENT%',
  about: 'a number of load balancers (`2`) or a share of them (`25%`)',
  offers: ['1', '25%', '50%', '100%'],
  parse(word) {
    const [, digits, percent] = /^(\d{1,4})(%?)$/.exec(word) ?? [];
    const number = Number(digits ?? Number.NaN);
    if (number >= 1 && number <= (percent === '%' ? 100 : MOST_TARGETS))
      return percent === '%' ? { percent: number } : { count: number };
    throw new OperationError(
      'usage',
      `'${word}' is no number of load balancers; write 2, or 25% for a share of those that are meant`,
    );
  },
};
