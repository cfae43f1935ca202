import type { Activity } from '../../model/messages.ts';
import { dump, error, info } from '../answer.ts';
import { infoText, infoValues, listedFields } from '../info/values.ts';
import type { Call, Command } from '../registry.ts';
import { jsonField } from '../stats/render.ts';
import { JSON_SCHEMA } from '../stats/schema.ts';
import { RUNTIME_VERSION } from '../version.ts';

async function showInfo({ args, control }: Call) {
  const activity = (await control.traffic.ask({ kind: 'activity' })) as Activity[];
  const values = infoValues(control, activity, Date.now());
  const [desc, float] = [args.includes('desc'), args.includes('float')];
  const fields = listedFields(values);
  const form = args.findLast((arg) => arg === 'typed' || arg === 'json');
  if (form === 'json') {
    const rows = fields.map((field) => {
      const text = infoText(field, values, float);
      return `{${jsonField(field.position, field.name, field.type, field.tags, text)}`;
    });
    return dump(`[${rows.join(',')}]\n`);
  }
  const lines = fields.map((field) => {
    const text = infoText(field, values, float);
    const shown =
      form === 'typed'
        ? `${field.position}.${field.name}.1:${field.tags}:${field.type}:${text}`
        : `${field.name}: ${text}`;
    return `${shown}${desc ? `:"${field.description}"` : ''}\n`;
  });
  return dump(lines);
}

function showEnv({ args, control }: Call) {
  const { env } = control.model.config.global;
  const [name] = args;
  if (!name) return dump(Object.entries(env).map(([key, value]) => `${key}=${value}\n`));
  return Object.hasOwn(env, name) ? dump(`${name}=${env[name]}\n`) : error('Variable not found');
}

/** Facts about the process. */
export const infoCommands: readonly Command[] = [
  {
    words: 'show info',
    args: '[desc|json|typed|float]*',
    help: 'report information about the running process',
    level: 'user',
    where: 'worker',
    about: 'Unknown words are ignored. Fields that have no meaning in this program are 0.',
    run: showInfo,
  },
  {
    words: 'show version',
    args: '',
    help: 'show version of the current process',
    level: 'user',
    where: 'both',
    run: () => info(RUNTIME_VERSION),
  },
  {
    words: 'show env',
    args: '[var]',
    help: 'dump environment variables known to the process',
    level: 'operator',
    where: 'both',
    run: showEnv,
  },
  {
    words: 'show schema json',
    args: '',
    help: 'report schema used for stats',
    level: 'user',
    where: 'worker',
    run: () => dump(JSON_SCHEMA),
  },
];
