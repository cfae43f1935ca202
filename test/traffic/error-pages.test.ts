import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ErrorPages, errorStatuses, type LocalResponse, rawPage } from '../../src/traffic/error-pages.ts';
import { Head } from '../../src/traffic/h1/head.ts';
import { parseResponse } from '../../src/traffic/h1/parse.ts';

const bodyOf = ({ body }: LocalResponse): string => (typeof body === 'string' ? body : Buffer.from(body).latin1Slice());

suite('error pages', () => {
  test('every built-in page says how long it is, and may not be kept', () => {
    for (const status of errorStatuses) {
      const page = new ErrorPages().get(status);
      assert.equal(page.status, status);
      const headers = new Map(page.headers);
      assert.equal(headers.get('content-length'), String(bodyOf(page).length));
      assert.equal(headers.get('cache-control'), 'no-cache');
    }
  });

  test('the page for what could not be parsed is a whole message that says so, but for 413, where HAProxy does not', () => {
    for (const status of [400, 408, 413, 414, 422, 431]) {
      const bytes = Buffer.from(rawPage(status), 'latin1');
      const head = new Head();
      const end = parseResponse(head, bytes, 0, bytes.length, 101);
      assert.ok(end > 0, `${status}`);
      assert.deepEqual([head.status, head.contentLength, head.connClose], [status, bytes.length - end, status !== 413]);
    }
  });

  test('a page of the proxy comes before the built-in one, of its status only', () => {
    const own: LocalResponse = { status: 200, reason: 'Fine', headers: [['content-length', '2']], body: 'ok' };
    const pages = new ErrorPages(new Map([[503, own]]));
    assert.equal(pages.get(503), own);
    assert.equal(pages.own(503), own);
    assert.equal(pages.own(502), null);
    assert.equal(pages.get(502).status, 502);
  });

  test('a status without a page gets the one of its family', () => {
    const pages = new ErrorPages();
    assert.equal(pages.has(418), false);
    assert.equal(pages.get(418).status, 403);
    assert.equal(pages.get(599).status, 500);
  });
});
