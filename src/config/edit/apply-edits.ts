import type { Document } from '../document.ts';
import { joined } from '../document.ts';
import { tokenize } from '../tokenizer.ts';
import type { Edit, EditOf, EditProblem, Planned, Splice } from './edit.ts';
import { endsOpen, type Files, filesOf, locate } from './places.ts';
import { setFlag, setParameter, unsetParameter } from './server-parameters.ts';
import { appendServer, removeServer, renameServer, setAddress } from './server-places.ts';
import {
  appendSection,
  removeSection,
  setDisabled,
  setStatement,
  setStatementWord,
  unsetStatement,
} from './statements.ts';

/** A line that edits changed: null before where it is new, null after where it is gone. */
export interface EditedLine {
  readonly file: string;
  /** Its number before, or of the line that it follows. */
  readonly line: number;
  readonly before: string | null;
  readonly after: string | null;
}

/** What edits made of documents: all of them, or none and the reasons. */
export type Edited =
  | { readonly documents: readonly Document[]; readonly lines: readonly EditedLine[] }
  | { readonly problems: readonly EditProblem[] };

const PLANNERS: { readonly [Op in Edit['op']]: (files: Files, edit: EditOf<Op>) => Planned } = {
  'server.set': setParameter,
  'server.flag': setFlag,
  'server.unset': unsetParameter,
  'server.address': setAddress,
  'server.rename': renameServer,
  'server.append': appendServer,
  'server.remove': removeServer,
  'statement.set': setStatement,
  'statement.unset': unsetStatement,
  'statement.word': setStatementWord,
  'section.disabled': setDisabled,
  'section.append': appendSection,
  'section.remove': removeSection,
};

/**
 * Makes edits on the files of one configuration, one after the other. With one that cannot be made nothing is made; all
 * problems are told. The documents given stay as they are; files that need no edit come back as the same objects.
 */
export function applyEdits(documents: readonly Document[], edits: readonly Edit[]): Edited {
  let current = documents;
  let files = filesOf(current);
  const lines: EditedLine[] = [];
  const problems: EditProblem[] = [];
  for (const edit of edits) {
    const planned = plan(files, edit);
    if ('text' in planned) problems.push(planned);
    else if (planned.length > 0) {
      lines.push(...planned.flatMap((splice) => editedLines(current, splice)));
      current = planned.reduce(spliced, current);
      files = filesOf(current);
    }
  }
  return problems.length > 0 ? { problems } : { documents: current, lines };
}

function plan(files: Files, edit: Edit): Planned {
  const planned = (PLANNERS[edit.op] as (files: Files, edit: Edit) => Planned)(files, edit);
  if ('text' in planned) return planned;
  for (const splice of planned) {
    const text = unreadable(files, splice);
    if (text !== null) return { at: locate(files, splice.document, splice.at - 1), text };
  }
  return planned;
}

/** Why the file would not be read as it is meant with this splice in it, or null. */
function unreadable({ documents }: Files, { document, at, insert }: Splice): string | null {
  const before = documents[document]!.lines[at - 1];
  if (insert.length > 0 && before !== undefined && endsOpen(before))
    return 'the line ends with a backslash, and what follows it would be part of it';
  const errors = insert.map((raw) => tokenize(joined(raw), () => 'x').error);
  const wrong = errors.find((error) => error !== null);
  return wrong ? `the line after this one would not be readable: ${wrong.text}` : null;
}

function spliced(documents: readonly Document[], { document, at, remove, insert }: Splice): readonly Document[] {
  return documents.with(document, documents[document]!.spliced(at, remove, insert));
}

function editedLines(documents: readonly Document[], { document, at, remove, insert }: Splice): EditedLine[] {
  const { name, lines } = documents[document]!;
  const found: EditedLine[] = [];
  for (let i = 0; i < Math.max(remove, insert.length); i++) {
    const before = i < remove ? lines[at + i] : undefined;
    const line = before?.number ?? lines[at - 1]?.number ?? 0;
    found.push({ file: name, line, before: before?.raw ?? null, after: insert[i] ?? null });
  }
  return found;
}
