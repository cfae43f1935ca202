import type { ChangeOf } from '../../change.ts';
import type { Live } from '../live.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';

/** `set maxconn global`. */
export const globalMaxconn: RemoteRow<ChangeOf<'global.maxconn'>> = {
  ...EVERYWHERE,
  async problem({ maxconn }, live) {
    if (!Number.isInteger(maxconn) || maxconn < 0) return `maxconn is a whole number from 0 on: ${maxconn}`;
    const most = await live.info('Hard_maxconn');
    return most !== '' && maxconn > Number(most)
      ? `the limit fixed at start is ${most}: a higher one needs a restart`
      : null;
  },
  read: (_change, live) => live.info('Maxconn'),
  after: async ({ maxconn }, live) => (maxconn === 0 ? await live.info('Hard_maxconn') : String(maxconn)),
  commands: async ({ maxconn }) => [{ words: ['set', 'maxconn', 'global', String(maxconn)] }],
  inverse: async (change, live) => ({ ...change, maxconn: Number(await live.info('Maxconn')) }),
  durable: async (_change, live) => ({ object: 'global', attribute: 'maxconn', file: await live.info('Hard_maxconn') }),
};

/** Names in `show info`, and how many of its units are one of the command's. */
const RATES = {
  connections: ['ConnRateLimit', 1],
  sessions: ['SessRateLimit', 1],
  'ssl-sessions': ['SslRateLimit', 1],
  'http-compression': ['CompressBpsRateLim', 1024],
} as const;

/** `set rate-limit ... global`. */
export const globalRateLimit: RemoteRow<ChangeOf<'global.rate-limit'>> = {
  ...EVERYWHERE,
  problem: async ({ limit }) =>
    Number.isInteger(limit) && limit >= 0 ? null : `a limit is a whole number from 0 on: ${limit}`,
  read: async (change, live) => String(await rate(change, live)),
  after: async ({ limit }) => String(limit),
  commands: async ({ what, limit }) => [{ words: ['set', 'rate-limit', what, 'global', String(limit)] }],
  inverse: async (change, live) => ({ ...change, limit: await rate(change, live) }),
  durable: async ({ what }) => ({ object: 'global', attribute: `rate-limit ${what}`, file: '' }),
};

async function rate({ what }: ChangeOf<'global.rate-limit'>, live: Live): Promise<number> {
  const [name, unit] = RATES[what];
  return Number((await live.info(name)) || 0) / unit;
}

/** `set var`. */
export const varSet: RemoteRow<ChangeOf<'var.set'>> = {
  ...EVERYWHERE,
  async problem({ name, value }) {
    if (!/^proc\.[A-Za-z0-9_.]+$/.test(name)) return `only variables of the process can be set, as proc.name: ${name}`;
    if (value === null) return `HAProxy cannot unset a variable: set ${name} to what stands for nothing`;
    if (!TYPES.includes(value.type))
      return `a value of type ${value.type} cannot be set; types are ${TYPES.join(', ')}`;
    return value.type === 'str' && /[\n\r\0]/.test(String(value.value)) ? 'a text with line ends cannot be set' : null;
  },
  warnings: async (change, live) =>
    (await told(change, live)) === ''
      ? ['it is not set yet, and HAProxy cannot unset it: this cannot be taken back']
      : [],
  read: told,
  after: async ({ value }) => (value === null ? '' : `${value.type === 'int' ? 'sint' : value.type} ${value.value}`),
  commands: async ({ name, value }) => [{ words: ['set', 'var', name, expression(value!)], experimental: true }],
  async inverse(change, live) {
    const [, type, value] = /^(\S+) (.*)$/s.exec(await told(change, live)) ?? [];
    return type === undefined ? null : { ...change, value: { type, value: value! } };
  },
};

const TYPES = ['str', 'sint', 'int', 'bool', 'ipv4', 'ipv6'];

/** `str abc`; '' when it is not set. */
async function told({ name }: ChangeOf<'var.set'>, live: Live): Promise<string> {
  const match = /^\S+: type=(\S+) value=<(.*)>$/s.exec((await live.ask('get', 'var', name)).text);
  return match ? `${match[1]} ${match[2]}` : '';
}

/** The value as a sample expression. Between single quotes, in an argument, everything but the quote stands for itself. */
function expression({ type, value }: NonNullable<ChangeOf<'var.set'>['value']>): string {
  if (type === 'str') return `str('${String(value).replaceAll("'", `'"'"'`)}')`;
  return `${type === 'sint' ? 'int' : type}(${value})`;
}
