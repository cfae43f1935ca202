import type { RenderedView } from '../model/messages.ts';

/** A small page of HAProxy's kind. */
export function htmlAnswer(status: number, title: string, text: string): RenderedView {
  return {
    status,
    headers: [
      ['cache-control', 'no-cache'],
      ['content-type', 'text/html'],
    ],
    body: `<html><body><h1>${title}</h1>\n${text}\n</body></html>\n`,
  };
}
