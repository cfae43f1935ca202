import type { Change } from '../change.ts';
import { type Preview, type Problem, problem } from '../context.ts';
import { type EffectClass, effectOf } from '../kinds.ts';
import { memoryOnly } from '../memory-only.ts';
import { remoteRow } from './commands.ts';
import type { Level, Live } from './live.ts';
import type { RemoteRow } from './row.ts';
import { atLeast } from './version.ts';
import { commandText } from './wire.ts';

/** What a Change would do to this HAProxy, with the commands as they would be typed. */
export interface RemotePreview extends Preview {
  readonly change: Change;
  readonly effect: EffectClass;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  readonly commands: readonly string[];
}

/** What Changes would do, made one after the other; `commands`: with what would be sent. Sends nothing that changes anything. Rejects as `Wire.ask` does. */
export async function previewRemote(changes: readonly Change[], live: Live, commands = true): Promise<RemotePreview[]> {
  const previews: RemotePreview[] = [];
  for (const [i, change] of changes.entries()) {
    const later = changes.slice(0, i).some((earlier) => sameObject(earlier, change));
    const preview = await previewOne(change, live, commands);
    previews.push(later && preview.problems.length > 0 ? await whenItsTurnComes(preview, live, commands) : preview);
  }
  return previews;
}

/** Why a Change cannot be made on this HAProxy, as far as can be seen without trying; null when nothing is seen. */
export async function refusal(change: Change, live: Live): Promise<string | null> {
  const row = remoteRow(change);
  if (!row) return `a HAProxy cannot be told a change of kind '${change.kind}' on its socket: reload it`;
  return cannot(change, row, live) ?? (await row.problem(change, live));
}

/** What the version or the level of the socket rules out. */
function cannot(change: Change, row: RemoteRow<Change>, live: Live): string | null {
  if (!atLeast(live.version, row.since))
    return `${change.kind} needs HAProxy ${row.since}, this is ${live.version.text}: ${row.instead || 'change the file and reload'}`;
  const needed = typeof row.level === 'function' ? row.level(live.version) : row.level;
  if (LEVELS.indexOf(live.level) >= LEVELS.indexOf(needed)) return null;
  return `the socket has level ${live.level}, ${change.kind} needs ${needed}: use a socket with 'level ${needed}'`;
}

const LEVELS: readonly Level[] = ['user', 'operator', 'admin'];

async function previewOne(change: Change, live: Live, withCommands: boolean): Promise<RemotePreview> {
  const row = remoteRow(change);
  const found = await refusal(change, live);
  if (!row || found !== null)
    return {
      ...{ ...NOTHING, change, effect: row ? effectOf(change) : 'reload', problems: [problem(found ?? '')] },
      // What hinders it may be that it is so already.
      before: (await row?.read(change, live).catch(() => '')) ?? '',
    };
  const commands = withCommands ? await row.commands(change, live) : [];
  return {
    change,
    problems: [],
    warnings: [...((await row.warnings?.(change, live)) ?? []), ...memoryOnly(change)],
    before: (await row.read(change, live)) ?? UNTOLD,
    after: await row.after(change, live),
    effect: effectOf(change),
    commands: commands.map(commandText),
  };
}

const NOTHING = { warnings: [], before: '', after: '', commands: [] } as const;

/** What `before` is where HAProxy does not tell it. */
export const UNTOLD = '(not told)';

/** A Change to what an earlier one of the batch alters can only be judged after that one; what it sends is known as far as that needs no look at it. */
async function whenItsTurnComes(preview: RemotePreview, live: Live, withCommands: boolean): Promise<RemotePreview> {
  const { change } = preview;
  const row = remoteRow(change);
  if (!row || cannot(change, row, live) !== null) return preview;
  const [first] = preview.problems;
  return {
    ...preview,
    problems: [],
    warnings: [`judged after the changes before it (as things are: ${first!.text})`],
    before: UNTOLD,
    after: await row.after(change, live).catch(() => UNTOLD),
    commands: withCommands ? (await row.commands(change, live).catch(() => [])).map(commandText) : [],
  };
}

function sameObject(a: Change, b: Change): boolean {
  const objects = new Set(objectsOf(a));
  return objectsOf(b).some((object) => objects.has(object));
}

/** Members that name what a Change is about. A certificate is `path` where it is made and `certificate` where it is listed. */
const OBJECTS = {
  ...{ backend: 'backend', frontend: 'frontend', map: 'map', acl: 'acl', table: 'table', list: 'list' },
  ...{ path: 'certificate', certificate: 'certificate' },
} as const;

function objectsOf(change: Change): string[] {
  const members = change as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(OBJECTS).flatMap(([name, what]) => (name in members ? [`${what} ${members[name]}`] : []));
}
