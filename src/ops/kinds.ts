/** The kinds of words that operations take: how each is written, and its value. */
import { isIP } from 'node:net';
import { OperationError } from './errors.ts';

/** A kind of word. `parse` throws an OperationError whose text says what is wrong and how it is right. */
export interface Kind<T> {
  /** How it stands in a usage line: `BACKEND/SERVER`. */
  readonly placeholder: string;
  /** What may be written, for help and reference. */
  readonly about: string;
  /** What a shell can offer: names from the target, files, or these words. */
  readonly offers: 'servers' | 'backends' | 'frontends' | 'files' | readonly string[];
  parse(word: string): T;
}

/** Names of a server as they were written; whether it is there is seen on the target. */
export interface ServerName {
  readonly backend: string;
  readonly server: string;
}

/** `weight`: 0..256, or percent of what the configuration says when `percent`. */
export interface Weight {
  readonly weight: number;
  readonly percent: boolean;
}

function wrong(what: string, right: string): OperationError {
  return new OperationError('usage', `${what}; ${right}`);
}

export const serverKind: Kind<ServerName> = {
  placeholder: 'BACKEND/SERVER',
  about: 'a server, by name or by `#id` on either side of the slash',
  offers: 'servers',
  parse(word) {
    const [, backend, server] = /^([^/\s]+)\/([^/\s]+)$/.exec(word) ?? [];
    if (backend === undefined || server === undefined)
      throw wrong(`'${word}' is no server`, 'write BACKEND/SERVER, as in be_app/app1');
    return { backend, server };
  },
};

/** A name without blanks. `what`: the noun of messages; `placeholder` is made from it. */
function nameKind(what: string, offers: Kind<string>['offers'] = []): Kind<string> {
  return {
    placeholder: what.toUpperCase().replaceAll(' ', '-'),
    about: `name of a ${what}`,
    offers,
    parse(word) {
      if (/^[^\s/]+$/.test(word)) return word;
      throw wrong(`'${word}' is no name of a ${what}`, 'it has no blanks and no slash');
    },
  };
}

export const frontendKind = nameKind('frontend', 'frontends');

/** Longest text that is taken, characters: the journal keeps 500, and something is added. */
const LONGEST_TEXT = 400;

/** Any text that is not empty. */
export function textKind(placeholder: string, about: string, offers: Kind<string>['offers'] = []): Kind<string> {
  return {
    placeholder,
    about,
    offers,
    parse(word) {
      if (word === '') throw wrong(`${placeholder} is empty`, about);
      if (word.length <= LONGEST_TEXT) return word;
      throw wrong(`a text of ${word.length} characters is too long`, `${LONGEST_TEXT} are allowed`);
    },
  };
}

/** Milliseconds in one unit. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds, up to `max` days. A number without a unit is refused: HAProxy reads it as milliseconds in some places and as seconds in
 * others.
 */
function timeKind(max: number): Kind<number> {
  return {
    placeholder: 'DURATION',
    about: 'a time with its unit: `500ms`, `30s`, `5m`, `2h`, `1d`',
    offers: [],
    parse(word) {
      const [, digits, unit] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(word) ?? [];
      if (unit === undefined) throw wrong(`'${word}' is no duration`, 'write a number and ms, s, m, h or d, as in 30s');
      const time = Number(digits) * UNITS[unit]!;
      if (time === 0) throw wrong(`'${word}' is no time at all`, 'write a duration above zero');
      if (time > max * UNITS['d']!) throw wrong(`'${word}' is too long`, `${max}d is the longest`);
      return time;
    },
  };
}

/** A time that is waited here: timers take 24 days. */
export const durationKind = timeKind(24);

/** A time that others wait, or that is only compared: a year. */
export const spanKind = timeKind(366);

/** A whole number from `min` to `max`. */
export function numberKind(placeholder: string, min: number, max: number): Kind<number> {
  return {
    placeholder,
    about: `a whole number from ${min} to ${max}`,
    offers: [],
    parse(word) {
      const value = /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN;
      if (value >= min && value <= max) return value;
      throw wrong(`'${word}' is not allowed`, `${placeholder} is a whole number from ${min} to ${max}`);
    },
  };
}

/** One of a few words. */
export function choiceKind<const W extends readonly string[]>(words: W): Kind<W[number]> {
  const list = words.join('|');
  return {
    placeholder: list,
    about: `one of ${words.map((word) => `\`${word}\``).join(', ')}`,
    offers: words,
    parse(word) {
      if (words.includes(word)) return word;
      throw wrong(`'${word}' is not allowed`, `it is one of ${words.join(', ')}`);
    },
  };
}

/** Comma-separated percentages, each above the one before, up to 100. */
export const stepsKind: Kind<readonly number[]> = {
  placeholder: 'PERCENT,...',
  about: 'percentages in rising order, separated by commas: `5,25,50,100`',
  offers: [],
  parse(word) {
    const steps = word.split(',').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : Number.NaN));
    const rising = steps.every((step, i) => step >= 1 && step <= 100 && (i === 0 || step > steps[i - 1]!));
    if (!rising) throw wrong(`'${word}' are no steps`, 'write rising percentages from 1 to 100, as in 5,25,50,100');
    return steps;
  },
};

/** A number of servers, or a share of them: what must stay usable. */
export interface Least {
  readonly number: number;
  readonly percent: boolean;
}

export const leastKind: Kind<Least> = {
  placeholder: 'N|PERCENT%',
  about: 'a number of servers (`2`) or a share of those of the backend (`50%`)',
  offers: [],
  parse(word) {
    const [, digits, percent] = /^(\d{1,4})(%?)$/.exec(word) ?? [];
    const number = Number(digits ?? Number.NaN);
    if (!(number >= 1) || (percent === '%' && number > 100))
      throw wrong(`'${word}' is no number of servers`, 'write 2, or 50% for a share of those of the backend');
    return { number, percent: percent === '%' };
  },
};

/** `50` or `50%`. */
function weightOf(word: string): Weight | null {
  const [, digits, percent] = /^(\d{1,5})(%?)$/.exec(word) ?? [];
  if (digits === undefined) return null;
  const weight = Number(digits);
  if (percent === '' && weight > 256) return null;
  return { weight, percent: percent === '%' };
}

export const weightKind: Kind<Weight | 'ramp'> = {
  placeholder: 'WEIGHT',
  about: '0 to 256, a percentage of the configured weight (`50%`), or the word `ramp` with a RAMP behind it',
  offers: ['ramp', '0', '50%', '100%'],
  parse(word) {
    const weight = word === 'ramp' ? word : weightOf(word);
    if (weight === null)
      throw wrong(
        `'${word}' is no weight`,
        'write 0 to 256, a percentage of the configured weight (50%), or ramp TO:DURATION',
      );
    return weight;
  },
};

/** A change of weight in steps. `from` null: from what it is now; `over`: ms. */
export interface Ramp {
  readonly from: Weight | null;
  readonly to: Weight;
  readonly over: number;
}

export const rampKind: Kind<Ramp> = {
  placeholder: 'RAMP',
  about: '`TO:DURATION` (`100:30m`: from what it is now), or `FROM:TO:DURATION` (`0%:100%:1h`)',
  offers: [],
  parse(word) {
    const parts = word.split(':');
    const weights = parts.slice(0, -1).map(weightOf);
    const [first, second] = weights;
    if (weights.length < 1 || weights.length > 2 || !first || second === null)
      throw wrong(`'${word}' is no ramp`, 'write TO:DURATION or FROM:TO:DURATION, as in 10:100:30m');
    return { from: second ? first : null, to: second ?? first, over: durationKind.parse(parts.at(-1)!) };
  },
};

/** Where a server is: an IP address or a host name, and a port; null: as it is. */
export interface Address {
  readonly host: string | null;
  readonly port: string | null;
}

export const addressKind: Kind<Address> = {
  placeholder: 'ADDRESS[:PORT]',
  about: '`10.0.0.12`, `10.0.0.12:8080`, `[2001:db8::1]:8080`, `:8080` or a host name',
  offers: [],
  parse(word) {
    const [, bracketed, plain, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s[\]]*))(?::(\d{1,5}))?$/.exec(word) ?? [];
    const bare = isIP(word) === 6 ? word : null;
    const host = bare ?? bracketed ?? plain;
    const portFits = port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
    const valid = host !== undefined && portFits && (bracketed === undefined || isIP(bracketed) === 6);
    if (!valid || word === '')
      throw wrong(`'${word}' is no address`, 'write 10.0.0.12:8080, [2001:db8::1]:8080 or :8080');
    return { host: host === '' ? null : host, port: bare === null ? (port ?? null) : null };
  },
};

/** Servers of one backend; `*` in a name stands for any characters. */
export interface ServerGroup {
  readonly backend: string;
  readonly names: readonly string[];
}

export const groupKind: Kind<ServerGroup> = {
  placeholder: 'BACKEND/SERVER[,SERVER]...',
  about: 'servers of one backend, `*` for any characters: `be_app/blue1,blue2`, `be_app/blue*`',
  offers: 'servers',
  parse(word) {
    const [, backend, list] = /^([^/\s]+)\/([^/\s]+)$/.exec(word) ?? [];
    const names = list?.split(',') ?? [];
    if (backend === undefined || names.includes('') || names.length === 0)
      throw wrong(`'${word}' are no servers`, 'write BACKEND/SERVER,SERVER, as in be_app/blue1,blue2, or be_app/blue*');
    return { backend, names };
  },
};
