import { isDeepStrictEqual } from 'node:util';
import type { DocumentLine } from '../../config/document.ts';
import { writtenLine } from '../../config/edit/words.ts';
import { type FieldProblem, type Fields, isAbsent, isProblem } from './field.ts';
import { type Element, type Form, type Option, optionsOf } from './form.ts';
import { match } from './match.ts';
import { asWords } from './values.ts';
import type { WordCodec } from './word-codec.ts';

/** Some words that are to stand in a line. */
interface NewPiece {
  readonly key: string;
  readonly element: number;
  readonly text: string;
  readonly fields: Fields;
}

/** The statement that stands for these fields, or the field at fault. Fields that the form does not know are none of its business. */
export function statementOf(form: Form, fields: Fields): string | FieldProblem {
  const pieces = piecesOf(form, fields);
  return 'field' in pieces ? pieces : pieces.map(({ text }) => text).join(' ');
}

/**
 * The line with these fields in place of its own, or the field at fault. What says the same already stays as it is written, and so
 * do words that the form does not know, and the comment.
 */
export function rewritten(form: Form, line: DocumentLine, fields: Fields): string | FieldProblem {
  const written = writtenLine(line);
  const old = match(form, written);
  const pieces = piecesOf(form, fields);
  if ('field' in pieces) return pieces;
  if (old === null) return line.indent + pieces.map(({ text }) => text).join(' ') + line.comment;
  const left = new Map(pieces.map((piece) => [piece.key, piece]));
  const last = new Map(old.pieces.map(({ key }, i) => [key, i]));
  const parts: { gap: string; text: string; element: number }[] = [];
  for (const [i, { key, element, from, to, fields: said }] of old.pieces.entries()) {
    const { start } = written.words[from]!;
    const gap = line.raw.slice(from === 0 ? 0 : written.words[from - 1]!.end, start);
    const text = line.raw.slice(start, written.words[to - 1]!.end);
    const now = key === null ? undefined : left.get(key);
    if (now !== undefined && last.get(key) !== i) {
      // What is written several times: the last one counts.
      parts.push({ gap, element, text });
    } else if (now !== undefined) {
      left.delete(key!);
      parts.push({ gap, element, text: isDeepStrictEqual(said, now.fields) ? text : now.text });
    } else if (key === null || said === null) parts.push({ gap, element, text });
  }
  for (const piece of left.values()) {
    const at = parts.findLastIndex(({ element }) => element <= piece.element) + 1;
    parts.splice(at, 0, { gap: ' ', text: piece.text, element: piece.element });
  }
  const end = written.words.at(-1)!.end;
  return parts.map(({ gap, text }) => gap + text).join('') + line.raw.slice(end);
}

function piecesOf(form: Form, fields: Fields): NewPiece[] | FieldProblem {
  const pieces: NewPiece[] = [];
  for (const [index, element] of form.elements.entries()) {
    const found = piecesIn(element, index, fields);
    if ('field' in found) return found;
    const words = element.kind === 'rest' ? found.flatMap(({ text }) => writtenLine({ raw: text }).words) : [];
    const breaks = words.find(({ text }) => text === 'if' || text === 'unless');
    if (breaks && element.kind === 'rest' && form.elements.slice(index).some(({ kind }) => kind === 'condition'))
      return { field: element.field, text: `cannot have the word '${breaks.text}', which begins the condition` };
    pieces.push(...found);
  }
  return pieces;
}

function piecesIn(element: Element, index: number, fields: Fields): NewPiece[] | FieldProblem {
  switch (element.kind) {
    case 'literal':
      return [{ key: `=${index}`, element: index, text: element.text, fields: {} }];
    case 'word': {
      const { codec, optional } = element;
      if (optional && codec.fields.every(({ name }) => isAbsent(fields[name]))) return [];
      const text = codec.write(fields);
      if (text === null || typeof text === 'object')
        return text ?? { field: codec.fields[0]!.name, text: 'is missing' };
      return [{ key: `@${index}`, element: index, text, fields: only(codec, fields) }];
    }
    case 'options':
      return optionPieces(element.options, index, fields);
    case 'rest':
      return restPieces(element, index, fields);
    case 'condition':
      return condition(element.prefix, fields, index);
  }
}

const NOT_WORDS = 'cannot be words of a line: it has a quote that is not closed, a comment, or an end of line';

function restPieces(
  { field, optional, item }: Extract<Element, { kind: 'rest' }>,
  index: number,
  fields: Fields,
): NewPiece[] | FieldProblem {
  const value = fields[field];
  if (isAbsent(value)) return optional ? [] : { field, text: 'is missing' };
  const words = item === null ? [asWords(value as string)] : (value as unknown[]).map((one) => item.write(one));
  if (words.includes(null)) return { field, text: NOT_WORDS };
  return [{ key: `@${index}`, element: index, text: words.join(' '), fields: { [field]: value } }];
}

function condition(prefix: string, fields: Fields, index: number): NewPiece[] | FieldProblem {
  const [name, testName] = [`${prefix}cond`, `${prefix}cond_test`];
  const [cond, test] = [fields[name], fields[testName]];
  if (isAbsent(cond) && isAbsent(test)) return [];
  if (isAbsent(cond)) return { field: name, text: `is missing: 'if' or 'unless', for the ${testName}` };
  if (isAbsent(test)) return { field: testName, text: `is missing, for the '${cond}'` };
  const text = asWords(test as string);
  if (text === null) return { field: testName, text: NOT_WORDS };
  const own = { [name]: cond, [testName]: test };
  return [{ key: 'if', element: index, text: `${cond} ${text}`, fields: own }];
}

function optionPieces(
  options: ReadonlyMap<string, Option>,
  element: number,
  fields: Fields,
): NewPiece[] | FieldProblem {
  const pieces: NewPiece[] = [];
  for (const option of optionsOf(options)) {
    if (option.keyword === '') continue;
    const made =
      option.flags.length > 0
        ? flagPiece(option, element, fields)
        : option.list !== null
          ? listPieces(option, element, fields)
          : option.joint !== null
            ? jointPieces(option, element, fields)
            : plainPiece(option, element, fields);
    if ('field' in made) return made;
    pieces.push(...made);
  }
  return pieces;
}

function flagPiece({ keyword, values, flags }: Option, element: number, fields: Fields): NewPiece[] | FieldProblem {
  if (!flags.some(({ field, value }) => fields[field] === value)) return [];
  const text = valuesText(keyword, values, fields);
  if (typeof text === 'object') return text;
  const set = Object.fromEntries(flags.map(({ field, value }) => [field, value]));
  const own = Object.assign(set, ...values.map((codec) => only(codec, fields)));
  return [{ key: flags[0]!.field, element, text, fields: own }];
}

function listPieces({ keyword, values, list }: Option, element: number, fields: Fields): NewPiece[] | FieldProblem {
  const pieces: NewPiece[] = [];
  for (const [i, item] of ((fields[list!] ?? []) as readonly unknown[]).entries()) {
    const own = typeof item === 'object' ? (item as Fields) : { '': item };
    const text = valuesText(keyword, values, own);
    if (typeof text === 'object') return { field: `${list}/${i}/${text.field}`, text: text.text };
    pieces.push({ key: `${keyword} ${i}`, element, text, fields: { [list!]: [item] } });
  }
  return pieces;
}

function jointPieces({ keyword, values, joint }: Option, element: number, fields: Fields): NewPiece[] | FieldProblem {
  const { name } = values[0]!.fields[0]!;
  const pieces: NewPiece[] = [];
  if (isAbsent(fields[name])) return pieces;
  for (const [i, value] of (fields[name] as string).split(joint!).entries()) {
    const text = valuesText(keyword, values, { [name]: value });
    if (typeof text === 'object') return text;
    pieces.push({ key: `${keyword} ${i}`, element, text, fields: { [name]: value } });
  }
  return pieces;
}

function plainPiece(option: Option, element: number, fields: Fields): NewPiece[] | FieldProblem {
  const { keyword, head, values, object } = option;
  const given = object === null ? fields : ((fields[object] ?? {}) as Fields);
  const codecs = head === null ? values : [head, ...values];
  const own: Fields = Object.assign({}, ...codecs.map((codec) => only(codec, given)));
  if (Object.keys(own).length === 0) return [];
  const word = head === null ? keyword : head.write(given);
  const text = typeof word === 'string' ? valuesText(word, values, given) : word!;
  if (typeof text === 'object') return object === null ? text : { ...text, field: `${object}/${text.field}` };
  return [{ key: keyword, element, text, fields: object === null ? own : { [object]: own } }];
}

function valuesText(keyword: string, values: readonly WordCodec[], fields: Fields): string | FieldProblem {
  const words = [keyword];
  for (const codec of values) {
    const word = codec.write(fields);
    if (word === null) return { field: codec.fields[0]!.name, text: 'is missing' };
    if (typeof word === 'object' && isProblem(word)) return word;
    words.push(word);
  }
  return words.join(' ');
}

/** The fields of a word that are set. */
function only(codec: WordCodec, fields: Fields): Fields {
  return Object.fromEntries(
    codec.fields.map(({ name }) => [name, fields[name]] as const).filter(([, value]) => !isAbsent(value)),
  );
}
