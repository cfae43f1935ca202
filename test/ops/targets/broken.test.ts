import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Change } from '../../../src/change/change.ts';
import { JournalError } from '../../../src/change/journal/error.ts';
import type { Journal } from '../../../src/change/journal/journal.ts';
import { memoryJournal } from '../../../src/change/journal/memory.ts';
import type { Scope } from '../../support/wait.ts';
import { folder, meta, target } from './support.ts';

const INFO = 'Name: HAProxy\nVersion: 2.8.5\nPid: 77\nUptime_sec: 5\nMaxconn: 100\n';
const COLUMNS = '# be_id be_name srv_id srv_name srv_addr ...';

/** A program that speaks like HAProxy, with two servers whose weights can be set. */
class Fake {
  readonly weights: Record<string, number> = { s1: 10, s2: 20 };
  readonly commands: string[] = [];
  level = 'admin';
  /** What is done instead of setting a weight; null: it is set. */
  onSet: ((server: string, weight: number, socket: net.Socket) => string | null) | null = null;
  /** Every connection is refused from now on. */
  gone = false;

  async listen(scope: Scope): Promise<string> {
    const path = join(folder(scope), 'fake.sock');
    const server = net.createServer((socket) => this.serve(socket));
    scope.after(() => server.close());
    await once(server.listen(path), 'listening');
    return path;
  }

  serve(socket: net.Socket): void {
    if (this.gone) return void socket.destroy();
    socket.setEncoding('latin1').on('error', () => {});
    let rest = '';
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        const answer = line.endsWith('prompt') ? '' : this.answer(line, socket);
        if (answer !== null && !socket.destroyed) socket.write(`${answer}\n> `);
      }
    });
  }

  answer(line: string, socket: net.Socket): string | null {
    this.commands.push(line);
    if (line === 'show info') return INFO;
    if (line === 'show cli level') return `[6]: ${this.level}\n`;
    if (line === 'show stat') return this.stat();
    if (line.startsWith('show servers state')) return this.state();
    const [, server, weight] = /^set server be\/(\w+) weight (\d+)$/.exec(line) ?? [];
    if (server === undefined)
      return "[6]: Unknown command: 'x', but maybe one of the following ones is a better match:\n";
    if (this.onSet) return this.onSet(server, Number(weight), socket);
    this.weights[server] = Number(weight);
    return '\n';
  }

  stat(): string {
    return '# pxname,svname,type,iid,sid,status,scur,slim,algo,\nbe,BACKEND,1,3,0,UP,0,,roundrobin,\n';
  }

  state(): string {
    const line = (name: string, id: number) =>
      `3 be ${id} ${name} 127.0.0.1 2 0 ${this.weights[name]} 10 5 1 0 2 0 0 0 0 - 80 - 0 0 - - 0`;
    return `1\n${COLUMNS}\n${line('s1', 1)}\n${line('s2', 2)}\n`;
  }
}

const weight = (server: string, value: number): Change => ({
  kind: 'server.weight',
  backend: 'be',
  server,
  weight: value,
  percent: false,
});

async function opened(t: Scope) {
  const fake = new Fake();
  const lb = await target(t, await fake.listen(t));
  return { fake, lb };
}

describe('a connection that breaks', () => {
  it('after the command was executed is told as made, for it is read back', async (t) => {
    const { fake, lb } = await opened(t);
    fake.onSet = (server, value, socket) => {
      fake.weights[server] = value;
      socket.destroy();
      return null;
    };
    const { ok, outcomes } = await lb.apply([weight('s1', 5)], meta());
    assert.equal(ok, true);
    assert.match(outcomes[0]!.text, /; read back, it is in force$/);
    assert.deepEqual(outcomes[0]!.inverse, weight('s1', 10));
  });

  it('before the command was executed is told as not made', async (t) => {
    const { fake, lb } = await opened(t);
    fake.onSet = (_server, _value, socket) => {
      socket.destroy();
      return null;
    };
    const { ok, outcomes } = await lb.apply([weight('s1', 5)], meta());
    assert.equal(ok, false);
    assert.match(outcomes[0]!.text, /; read back, it was not made$/);
    const [, last] = await lb.ledger.history({});
    assert.deepEqual([last?.phase, last?.ok, last?.inverse], ['outcome', false, null]);
  });

  it('for good leaves it unknown, and says so', async (t) => {
    const { fake, lb } = await opened(t);
    fake.onSet = (_server, _value, socket) => {
      fake.gone = true;
      socket.destroy();
      return null;
    };
    const { ok, outcomes, text } = await lb.apply([weight('s1', 5)], meta());
    assert.equal(ok, false);
    assert.match(outcomes[0]!.text, /; whether it was made is unknown: it cannot be read back$/);
    assert.match(text, /^not everything could be undone: server\.weight be\/s1/);
    assert.deepEqual(
      (await lb.ledger.history({ phase: 'outcome' })).map((entry) => entry.ok),
      [false, false],
    );
  });

  it('in the middle of a batch has the earlier changes undone', async (t) => {
    const { fake, lb } = await opened(t);
    fake.onSet = (server, value, socket) => {
      if (server === 's2') {
        socket.destroy();
        return null;
      }
      fake.weights[server] = value;
      return '\n';
    };
    const { ok, failedAt, text } = await lb.apply([weight('s1', 5), weight('s2', 6), weight('s1', 7)], meta());
    assert.deepEqual([ok, failedAt, text], [false, 1, '']);
    assert.deepEqual(fake.weights, { s1: 10, s2: 20 });
    const outcomes = (await lb.ledger.history({ phase: 'outcome' })).map((entry) => `${entry.ok} ${entry.text}`);
    assert.equal(outcomes.length, 4);
    assert.ok(outcomes.includes('false not tried: another change of the same operation failed'));
  });
});

describe('an answer', () => {
  it('that claims success without effect is not believed', async (t) => {
    const { fake, lb } = await opened(t);
    fake.onSet = () => '\n';
    const { ok, outcomes } = await lb.apply([weight('s1', 5)], meta());
    assert.equal(ok, false);
    assert.equal(outcomes[0]!.text, 'HAProxy answered as if it were done, but it is 10, not 5');
  });

  it('that nobody knows is judged by what is in force', async (t) => {
    const { fake, lb } = await opened(t);
    fake.onSet = (server, value) => {
      if (server === 's1') fake.weights[server] = value;
      return '[5]: So be it.\n';
    };
    const made = await lb.apply([weight('s1', 5)], meta());
    assert.deepEqual([made.ok, made.outcomes[0]!.text], [true, 'So be it.']);
    const other = await lb.apply([weight('s2', 5)], meta());
    assert.deepEqual([other.ok, other.outcomes[0]!.text], [false, 'So be it.']);
  });

  it('that is a refusal is told in its words', async (t) => {
    const { fake, lb } = await opened(t);
    fake.onSet = () => '[3]: Permission denied\n';
    const { ok, outcomes } = await lb.apply([weight('s1', 5)], meta());
    assert.deepEqual([ok, outcomes[0]!.text], [false, 'Permission denied']);
  });

  it('of a command that is not known is a refusal, though HAProxy calls it information', async (t) => {
    const { fake, lb } = await opened(t);
    fake.onSet = () => "[6]: Unknown command: 'set', but maybe one of the following ones is a better match:\n  help\n";
    const { ok, outcomes } = await lb.apply([weight('s1', 5)], meta());
    assert.equal(ok, false);
    assert.match(outcomes[0]!.text, /^Unknown command/);
  });
});

describe('a level', () => {
  it('that is too low is known before anything is sent', async (t) => {
    const { fake, lb } = await opened(t);
    fake.level = 'user';
    const applied = await lb.apply([weight('s1', 5)], meta());
    assert.match(applied.outcomes[0]!.text, /^the socket has level user, server\.weight needs admin/);
    assert.ok(!fake.commands.some((command) => command.startsWith('set server')));
  });

  it('that is none is an error', async (t) => {
    const { fake, lb } = await opened(t);
    fake.level = 'emperor';
    await assert.rejects(lb.preview([weight('s1', 5)]), /the level of the socket is none that is known: "emperor"/);
  });
});

describe('a journal in trouble', () => {
  /** A journal whose calls of that name fail. */
  const failing = (call: 'attempt' | 'outcome'): Journal => ({
    ...memoryJournal(),
    [call]: () => Promise.reject(new JournalError('full', 'no space left')),
  });

  it('at the attempt lets nothing be sent', async (t) => {
    const fake = new Fake();
    const lb = await target(t, await fake.listen(t), { journal: failing('attempt') });
    const applied = await lb.apply([weight('s1', 5)], meta());
    assert.deepEqual([applied.ok, applied.outcomes], [false, []]);
    assert.equal(applied.text, 'nothing can be recorded, so nothing is changed: no space left');
    assert.equal(fake.weights['s1'], 10);
  });

  it('after the change was made is told with it', async (t) => {
    const fake = new Fake();
    const lb = await target(t, await fake.listen(t), { journal: failing('outcome') });
    const applied = await lb.apply([weight('s1', 5)], meta());
    assert.equal(applied.ok, true);
    assert.equal(applied.text, 'what came of it could not be recorded: no space left');
    assert.equal(fake.weights['s1'], 5);
  });
});
