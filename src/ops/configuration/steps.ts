import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../../change/change.ts';
import type { Document } from '../../config/document.ts';
import { problemText } from '../../config/edit/edit.ts';
import type { Source } from '../../config/edit/source.ts';
import { hashOf } from '../../config/edit/source.ts';
import { documentEdit, type FileEdit, writeFiles } from '../../config/edit/write.ts';
import { OperationError } from '../errors.ts';
import type { ActStep, Step } from '../operation.ts';
import type { Target } from '../target.ts';
import type { Installation } from '../targets/discover.ts';
import { type KeptSources, readFiles } from './files.ts';
import { runProgram } from './run-program.ts';
import type { StoreEdit } from './stores/drafts.ts';
import { rememberWriting } from './stores/written.ts';

/** A file that is to say something else. */
export interface Rewrite {
  readonly source: Source;
  readonly document: Document;
}

/** Writes files; the old content is kept beside each. What is put back is the old content. */
export function writeStep(rewrites: readonly Rewrite[], stores: readonly StoreEdit[] = []): ActStep {
  const names = rewrites.map(({ source }) => source.document.name);
  return {
    do: 'act',
    what: `write ${[...names, ...stores.map(({ file }) => file)].join(', ')}`,
    async perform() {
      const edits = [...rewrites.map(({ source, document }) => editOf(source, document)), ...stores];
      const written = await writeFiles(edits, { backup: 'beside', now: new Date() });
      if ('text' in written) throw new OperationError('failed', problemText(written));
      rememberWriting(stores);
      return written.map(({ file, backup }) => (backup === null ? `made: ${file}` : `before: ${backup}`)).join(', ');
    },
    async back() {
      const now = await readFiles(names);
      const edits = [...rewrites.map(({ source }, i) => editOf(now[i]!, source.document)), ...stores.map(reversed)];
      const written = await writeFiles(edits, { backup: 'none', now: new Date() });
      return 'text' in written ? problemText(written) : 'as before';
    },
  };
}

function editOf(source: Source, document: Document): FileEdit {
  const edit = documentEdit(source, document);
  if (edit !== null) return edit;
  throw new OperationError(
    'failed',
    `${source.document.name} is not UTF-8, and the edit has a character that cannot be written in it`,
  );
}

/** What puts back what a file had. */
function reversed({ file, old, oldMode, bytes }: StoreEdit): FileEdit {
  const hash = bytes === null ? null : hashOf(bytes);
  return { file, hash, bytes: old, hidden: true, ...(oldMode === null ? {} : { mode: oldMode }) };
}

/**
 * Has who keeps the files check, write and put in force what they are to say. `comesTo`: the Changes that that is, where it is live. `stores`: files that are to
 * say what is set.
 */
export function replaceStep(
  { sources, keeper }: KeptSources,
  rewrites: readonly Rewrite[],
  comesTo: readonly Change[],
  stores: readonly string[] = [],
): ActStep {
  const texts = sources.map((source) =>
    (rewrites.find((rewrite) => rewrite.source === source)?.document ?? source.document).print(),
  );
  return {
    do: 'act',
    what: `check, write and put in force ${[...sources.map(({ document }) => document.name), ...stores].join(', ')}`,
    comesTo,
    perform: () => keeper.files.replace(keeper.version, texts, stores),
  };
}

/** Has the program itself check files, by default those of the installation. */
export function checkStep({ check, files }: Installation, others = files): ActStep {
  // `check` ends with its files, as it was found or set down.
  const named = others === files ? check : check.map((word) => others[files.indexOf(word)] ?? word);
  return {
    do: 'act',
    what: `check ${others.join(', ')}`,
    async perform({ signal }) {
      await runProgram(named, signal);
      return 'valid';
    },
  };
}

/** How long a new process may take to answer, and how often it is asked, ms. */
const START_MS = 20_000;
const ASK_MS = 200;

/** Puts the files in force: Sluice does so itself, HAProxy is told by what reloads it, and must then answer as another process. */
export function reloadStep(target: Target, { reload, why }: Installation): Step {
  if (target.product === 'sluice') return { do: 'change', changes: [{ kind: 'config.reload' }] };
  if (reload === null) throw new OperationError('failed', `it cannot be reloaded from here: ${why}`);
  return {
    do: 'act',
    what: `reload (${reload.join(' ')})`,
    async perform({ signal }) {
      const before = (await target.state()).info.pid;
      await runProgram(reload, signal);
      for (const end = performance.now() + START_MS; performance.now() < end && !signal.aborted; ) {
        const pid = await target.state().then(
          ({ info }) => (info.stopping ? before : info.pid),
          () => before,
        );
        if (pid !== before) return `process ${pid} in place of ${before}`;
        await sleep(ASK_MS);
      }
      throw new OperationError(
        'failed',
        `no other process answers: ${before} goes on with the old configuration; its log says why`,
      );
    },
  };
}
