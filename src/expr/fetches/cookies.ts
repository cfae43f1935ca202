/** Cookies (HAProxy manual, section 7.3.6). */

import type { Arg } from '../args.ts';
import { CookieCursor } from '../cookies.ts';
import type { CompiledFetch, CompileEnv, FetchRow, Source } from '../row.ts';
import type { ExprContext, HeadView, SampleValue } from '../types.ts';
import { looseSint, type Side, sideAt } from './headers.ts';

type SideOf = (env: CompileEnv) => Side;

function headOf(ctx: ExprContext, side: Side): HeadView | null {
  return side === 'request' ? ctx.requestHead : ctx.responseHead;
}

const headerOf = (side: Side): 'cookie' | 'set-cookie' => (side === 'request' ? 'cookie' : 'set-cookie');

/** The last cookie of a name, or the first of any name; ACLs see all. */
function compileCookie(
  [nameArg]: readonly Arg[],
  side: Side,
  to: ((text: string) => SampleValue) | null,
): CompiledFetch {
  const name = (nameArg as string | undefined) ?? '';
  const cursor = new CookieCursor(headerOf(side));
  return {
    evaluate: (ctx) => {
      const head = headOf(ctx, side);
      if (head === null) return undefined;
      cursor.reset();
      let value: string | undefined;
      while (cursor.next(head, name)) {
        value = cursor.value;
        if (name === '') break;
      }
      return value === undefined || to === null ? value : to(value);
    },
    scan: (ctx, visit) => {
      const head = headOf(ctx, side);
      if (head === null) return false;
      cursor.reset();
      while (cursor.next(head, name)) {
        if (visit(to === null ? cursor.value : to(cursor.value), ctx)) return true;
      }
      return false;
    },
  };
}

function compileCount([nameArg]: readonly Arg[], side: Side): CompiledFetch {
  const name = (nameArg as string | undefined) ?? '';
  const cursor = new CookieCursor(headerOf(side));
  return {
    evaluate: (ctx) => {
      const head = headOf(ctx, side);
      if (head === null) return undefined;
      cursor.reset();
      let count = 0;
      while (cursor.next(head, name)) count++;
      return count;
    },
  };
}

function compileNames([delimiterArg]: readonly Arg[], side: Side): CompiledFetch {
  const delimiter = ((delimiterArg as string | undefined) || ',')[0]!;
  const cursor = new CookieCursor(headerOf(side));
  return {
    evaluate: (ctx) => {
      const head = headOf(ctx, side);
      if (head === null) return undefined;
      cursor.reset();
      let names = '';
      while (cursor.next(head, '')) names += (names === '' ? '' : delimiter) + cursor.name;
      return names;
    },
  };
}

function rowsOf(prefix: string, source: Source, side: SideOf): FetchRow[] {
  const row = (
    suffix: string,
    type: 'str' | 'sint',
    compile: (args: readonly Arg[], side: Side) => CompiledFetch,
  ): FetchRow => ({
    name: `${prefix}${suffix}`,
    args: '[string]',
    type,
    source,
    compile: (args, env) => compile(args, side(env)),
  });
  return [
    row('', 'str', (args, from) => compileCookie(args, from, null)),
    row('_val', 'sint', (args, from) => compileCookie(args, from, looseSint)),
    row('_cnt', 'sint', compileCount),
  ];
}

function namesRow(name: string, source: Source, side: Side): FetchRow {
  return { name, args: '[string]', type: 'str', source, compile: (args) => compileNames(args, side) };
}

const onRequest: SideOf = () => 'request';
const onResponse: SideOf = () => 'response';

export const cookieFetches: readonly FetchRow[] = [
  ...rowsOf('cook', 'requestHeaders', onRequest),
  ...rowsOf('req.cook', 'requestHeaders', onRequest),
  ...rowsOf('res.cook', 'responseHeaders', onResponse),
  ...rowsOf('scook', 'responseHeaders', onResponse),
  namesRow('req.cook_names', 'requestHeaders', 'request'),
  namesRow('res.cook_names', 'responseHeaders', 'response'),
  rowsOf('cookie', 'eitherHeaders', sideAt)[0]!,
];
