import type { StreamFilter } from '../../model/messages.ts';
import type { Model } from '../../model/model.ts';
import { findProxy, findServer } from '../../model/model.ts';
import { splitServerPath } from '../lookup.ts';
import { parseDuration } from '../time.ts';

/** What `show sess` was asked for. */
export interface SessionQuery {
  readonly filter: StreamFilter;
  /** All details of each stream instead of a line. */
  readonly detailed: boolean;
  /** The request's URI at the end of the line. */
  readonly uri: boolean;
  /** Only streams that look stuck. */
  readonly suspicious: boolean;
}

export const SESSION_HELP = [
  'Usage: show sess [<id> | older <age> | susp | all | help] [<option>...]',
  '  <id>                  dump this stream in detail (0x...)',
  '  all                   dump all streams in detail',
  '  older <age>           only streams of at least this age (in seconds by default)',
  '  susp                  only streams that look stuck',
  '  backend <b>           only streams attached to this backend',
  '  frontend <f>          only streams attached to this frontend',
  '  server <b>/<s>        only streams attached to this server',
  '  show-uri              also show the URI of the request',
  '  help                  display this help',
].join('\n');

type Filter = { -readonly [K in keyof StreamFilter]: StreamFilter[K] };

/** Reads the arguments of `show sess`; a string says what is wrong with them. */
export function parseSessionQuery(args: readonly string[], model: Model): SessionQuery | string {
  const filter: Filter = {};
  const flags = { detailed: false, uri: false, suspicious: false };
  for (let i = 0; i < args.length; i++) {
    const value = args[i + 1] ?? '';
    switch (args[i]) {
      case 'help':
        return SESSION_HELP;
      case 'all':
        flags.detailed = true;
        break;
      case 'show-uri':
        flags.uri = true;
        break;
      case 'susp':
        flags.suspicious = true;
        break;
      case 'older':
      case 'backend':
      case 'frontend':
      case 'server': {
        const problem = addFilter(filter, args[i]!, value, model);
        if (problem !== null) return problem;
        i++;
        break;
      }
      default:
        if (i > 0 || !/^0x[0-9a-f]+$/i.test(args[i]!))
          return `Unsupported option '${args[i]}', try 'help' for more info.`;
        filter.id = args[i]!.toLowerCase();
        flags.detailed = true;
    }
  }
  return { filter, ...flags };
}

/** Null, or what is wrong with `value`. */
function addFilter(filter: Filter, option: string, value: string, model: Model): string | null {
  if (value === '') return `Missing argument after '${option}', try 'help' for more info.`;
  if (option === 'older') {
    const age = parseDuration(value, 's');
    if (age === null) return 'Invalid age.';
    filter.olderThanMs = age;
  } else if (option === 'server') {
    const names = splitServerPath(value);
    if (!names) return "Require 'backend/server'.";
    const backend = findProxy(model, names.backend, 'backend');
    if (!backend) return 'No such backend.';
    const server = findServer(backend, names.server);
    if (!server) return 'No such server.';
    filter.backend = backend.name;
    filter.server = server.name;
  } else {
    const proxy = findProxy(model, value, option === 'backend' ? 'backend' : 'frontend');
    if (!proxy) return `No such ${option}.`;
    filter[option as 'backend' | 'frontend'] = proxy.name;
  }
  return null;
}
