/** The request line (HAProxy manual, section 7.3.6). */

import { hostOf, pathAndQueryOf, pathOf } from '../head.ts';
import type { FetchRow } from '../row.ts';
import type { ExprContext, HeadView } from '../types.ts';

/** A text fetch on the request's head, without arguments. */
function ofRequest(name: string, read: (head: HeadView, ctx: ExprContext) => string | undefined): FetchRow {
  return {
    name,
    args: '',
    type: 'str',
    source: 'requestHeaders',
    compile: () => (ctx) => {
      const head = ctx.requestHead;
      return head === null ? undefined : read(head, ctx);
    },
  };
}

function queryOf(uri: string, withMark: boolean): string | undefined {
  const mark = uri.indexOf('?');
  return mark === -1 ? undefined : uri.slice(withMark ? mark : mark + 1);
}

export function baseOf(head: HeadView): string | undefined {
  const host = hostOf(head);
  const path = pathOf(head.uri);
  return host === undefined ? path : path === undefined ? host : host + path;
}

export const requestFetches: readonly FetchRow[] = [
  {
    name: 'method',
    args: '',
    type: 'meth',
    source: 'request',
    compile: () => (ctx) => ctx.requestHead?.method,
  },
  ofRequest('url', (head) => head.uri),
  ofRequest('path', (head) => pathOf(head.uri)),
  ofRequest('pathq', (head) => pathAndQueryOf(head.uri)),
  ofRequest('base', baseOf),
  {
    name: 'query',
    args: '[string]',
    type: 'str',
    source: 'requestHeaders',
    compile: ([option]) => {
      if (option !== undefined && option !== '' && option !== 'with_qm') {
        return { error: `supported options are: 'with_qm'` };
      }
      const withMark = option === 'with_qm';
      return (ctx) => (ctx.requestHead === null ? undefined : queryOf(ctx.requestHead.uri, withMark));
    },
  },
];
