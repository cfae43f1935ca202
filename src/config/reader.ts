/** Reads the lines of one file: words, conditional blocks, sections. */

import { withAddresses } from './address-variables.ts';
import { evaluateWords } from './conditions.ts';
import { type Document, joined } from './document.ts';
import { type Context, Line, type Prefix } from './line.ts';
import { pointAt } from './point-at.ts';
import { openSection, type SectionReader, sectionNames } from './section.ts';
import { didYouMean } from './suggest.ts';
import { type Tokens, tokenize } from './tokenizer.ts';
import type { Location, Severity } from './types.ts';

/** `.if` blocks in each other. */
const MAX_NESTED = 64;

/**
 * A block's state: its lines count (`taken`), do not count yet (`waiting` for an `.elif` or `.else` that holds), do not
 * count any more (`done`), or are inside a block that does not count (`skipped`).
 */
interface Block {
  state: 'taken' | 'waiting' | 'done' | 'skipped';
  sawElse: boolean;
  readonly at: Location;
}

const EMPTY_ARGUMENT_ADVICE =
  '\nHAProxy would ignore all that follows. Where a variable is empty, give it a default value (NAME-value in the braces) ' +
  'or have it expanded as a list (NAME[*] in the braces).';

const DIRECTIVES = ['.if', '.elif', '.else', '.endif', '.notice', '.warning', '.alert', '.diag'];

/** Reads all of `document` into `context`. */
export function readDocument(document: Document, context: Context): void {
  new DocumentReader(document, context).run();
}

class DocumentReader {
  readonly document: Document;
  readonly context: Context;
  readonly blocks: Block[];
  section: SectionReader | null;
  at: Location;

  constructor(document: Document, context: Context) {
    this.document = document;
    this.context = context;
    this.blocks = [];
    this.section = null;
    this.at = { file: document.name, line: 0 };
  }

  run(): void {
    const { diagnostics } = this.context;
    const before = diagnostics.alerts;
    for (const line of this.document.lines) {
      this.at = { file: this.document.name, line: line.number };
      if (diagnostics.alerts - before >= this.context.maxAlerts) {
        diagnostics.alert(this.at, `too many fatal errors (${this.context.maxAlerts}), stopping now.`, 'reader');
        break;
      }
      this.readLine(line.raw);
      if (line.end === '' && line.raw.trim() !== '') {
        const text = `Missing LF on last line, file might have been truncated at position ${line.raw.length + 1}.`;
        diagnostics.alert(this.at, text, 'reader');
      }
    }
    this.section?.close?.();
    const open = this.blocks[this.blocks.length - 1];
    if (open !== undefined) diagnostics.alert(open.at, "non-terminated '.if' block.", 'reader');
    if (diagnostics.alerts > before)
      diagnostics.alert(null, `Error(s) found in configuration file : ${this.document.name}`);
  }

  readLine(raw: string): void {
    const nul = raw.indexOf('\0');
    if (nul >= 0) {
      this.context.diagnostics.alert(this.at, `Stray NUL character at position ${nul + 1}.`, 'reader');
      return;
    }
    const text = joined(raw);
    const tokens = tokenize(text, (name) => this.lookUp(name));
    const first = tokens.words[0];
    if (first === undefined && tokens.error === null) return;
    // What a block leaves out may be written for another version: only the directives in it are looked at.
    if (this.isSkipping() && (first === undefined || !DIRECTIVES.includes(first))) {
      this.context.skipped.push(this.at);
      return;
    }
    if (tokens.error !== null) return this.reportTokenError(text, tokens);
    if (first!.startsWith('.')) this.directive(text, tokens);
    else this.statement(tokens.words);
    return undefined;
  }

  reportTokenError(text: string, { error }: Tokens): void {
    const { reason, text: message, position } = error!;
    const picture = reason === 'words' ? '' : `:\n${pointAt(text, position)}`;
    const advice = reason === 'empty' ? EMPTY_ARGUMENT_ADVICE : '';
    this.context.diagnostics.alert(this.at, message + picture + advice, 'reader');
  }

  /** Environment variables, and what names the place in the file. */
  lookUp(name: string): string | undefined {
    if (name === '.FILE') return this.at.file;
    if (name === '.LINE') return String(this.at.line);
    if (name === '.SECTION') return this.section?.name ?? '';
    return this.context.env.get(name);
  }

  isSkipping(): boolean {
    const block = this.blocks[this.blocks.length - 1];
    return block !== undefined && block.state !== 'taken';
  }

  directive(text: string, tokens: Tokens): void {
    const name = tokens.words[0]!;
    switch (name) {
      case '.if':
        return this.openBlock(text, tokens);
      case '.elif':
        return this.elseIf(text, tokens);
      case '.else':
        return this.elseBlock(tokens);
      case '.endif':
        return this.closeBlock(tokens);
      case '.notice':
      case '.warning':
      case '.alert':
      case '.diag':
        return this.isSkipping() ? undefined : this.message(name.slice(1) as Severity, tokens);
      default:
        return this.alert(`unknown directive '${name}'${didYouMean(name, DIRECTIVES)}.`.replace(/ \?\.$/, ' ?'));
    }
  }

  alert(text: string): void {
    this.context.diagnostics.alert(this.at, text, 'reader');
  }

  openBlock(text: string, tokens: Tokens): void {
    if (this.blocks.length >= MAX_NESTED) return this.alert(`too many nested '.if', max is ${MAX_NESTED}.`);
    const skipped = this.isSkipping();
    const state = skipped ? 'skipped' : this.holds('.if', text, tokens) ? 'taken' : 'waiting';
    this.blocks.push({ state, sawElse: false, at: this.at });
    return undefined;
  }

  elseIf(text: string, tokens: Tokens): void {
    const block = this.blocks[this.blocks.length - 1];
    if (block === undefined) return this.alert("lone '.elif' with no matching '.if'.");
    if (block.sawElse) return this.alert("'.elif' after '.else' is not permitted.");
    if (block.state === 'taken') block.state = 'done';
    else if (block.state === 'waiting' && this.holds('.elif', text, tokens)) block.state = 'taken';
    return undefined;
  }

  elseBlock(tokens: Tokens): void {
    if (!this.noArguments(tokens)) return;
    const block = this.blocks[this.blocks.length - 1];
    if (block === undefined) return this.alert("lone '.else' with no matching '.if'.");
    if (block.sawElse) return this.alert("'.else' after '.else' is not permitted.");
    block.sawElse = true;
    if (block.state === 'taken') block.state = 'done';
    else if (block.state === 'waiting') block.state = 'taken';
    return undefined;
  }

  closeBlock(tokens: Tokens): void {
    if (!this.noArguments(tokens)) return;
    if (this.blocks.pop() === undefined) this.alert("lone '.endif' with no matching '.if'.");
  }

  noArguments(tokens: Tokens): boolean {
    if (tokens.words[1] === undefined) return true;
    this.alert(`Unexpected argument '${tokens.words[1]}' for '${tokens.words[0]}'.`);
    return false;
  }

  holds(directive: string, text: string, tokens: Tokens): boolean {
    const environment = (name: string) => this.context.env.get(name);
    const result = evaluateWords(tokens.words.slice(1), { ...this.context.facts, environment });
    if (typeof result === 'boolean') return result;
    const position = Math.min((tokens.starts[1] ?? text.length) + result.position, text.length);
    this.alert(`${result.error} in '${directive}' at position ${result.position + 1}:\n${pointAt(text, position)}`);
    return false;
  }

  message(severity: Severity, { words }: Tokens): void {
    if (words[2] !== undefined)
      return this.alert(
        `Unexpected argument '${words[2]}' for '${words[0]}'. Use quotes if the message should contain spaces.`,
      );
    this.context.diagnostics.add(severity, this.at, `'${words[1] ?? ''}'.`, 'reader');
    return undefined;
  }

  statement(words: readonly string[]): void {
    const [first] = words;
    if (first!.startsWith('[')) return this.alert("a scope ('[name]') is only known in files of other programs.");
    const prefix: Prefix = first === 'no' || first === 'default' ? first : '';
    const rest = prefix === '' ? words : words.slice(1);
    if (rest.length === 0) return this.alert(`'${first}' expects a keyword.`);
    const addressed = withAddresses(rest, (name) => this.context.env.get(name));
    const line = new Line(this.context, this.at, addressed, prefix, this.section?.kind ?? '');
    const opened = prefix === '' ? openSection(line) : null;
    if (opened !== null) {
      this.section?.close?.();
      this.section = opened;
    } else if (this.section === null)
      this.alert(
        `unknown keyword '${rest[0]}' out of section${didYouMean(rest[0]!, sectionNames())}.`.replace(/ \?\.$/, ' ?'),
      );
    else this.section.read(line);
    return undefined;
  }
}
