import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { invalidValues, parseStateFile } from '../../../src/control/state-file/parse.ts';
import { stateColumns } from '../../../src/model/state-columns.ts';
import { stateLines } from '../../../src/runtime/servers/state.ts';
import { modelOf, proxyConfig, serverConfig } from '../../runtime/support.ts';

const LINE = '4 be 1 s1 127.0.0.1 2 0 8 1 1000 1 0 4 0 0 0 0 - 1 -';

describe('a state file', () => {
  it('is read as `show servers state` prints it, every value in its column', () => {
    const model = modelOf([
      proxyConfig('be', 'backend', 7, { servers: [serverConfig('a', 81), serverConfig('b', 82)] }),
      proxyConfig('other', 'backend', 8, { servers: [serverConfig('c', 83)] }),
    ]);
    const text = [...stateLines({ model, proxies: model.proxies, now: Date.now(), hide: (name) => name })].join('');
    // As saved from the control socket: with the empty line that ends an answer.
    const file = parseStateFile(`${text}\n`);
    assert.ok('lines' in file);
    assert.deepEqual(
      file.lines.map((line) => [line.be_id, line.be_name, line.srv_name, line.srv_port, line.srv_agent_port]),
      [
        ['7', 'be', 'a', '81', '0'],
        ['7', 'be', 'b', '82', '0'],
        ['8', 'other', 'c', '83', '0'],
      ],
    );
    for (const line of file.lines) assert.equal(invalidValues(line), '');
  });

  it('may end before the columns that were added later', () => {
    const file = parseStateFile(`1\n${LINE}\n`);
    assert.ok('lines' in file);
    assert.equal(file.lines[0]!.srvrecord, '-');
    assert.equal(file.lines[0]!.srv_use_ssl, undefined);
  });

  it('is refused as a whole where it is cut, counting lines after the version', () => {
    assert.deepEqual(parseStateFile(''), { problem: 'empty' });
    assert.deepEqual(parseStateFile('1'), { problem: 'version' });
    assert.deepEqual(parseStateFile('1 \n'), { problem: 'version' });
    assert.deepEqual(parseStateFile('1\n'), { lines: [] });
    const whole = `1\n# names\n${LINE}\n${LINE}\n`;
    for (let end = 2; end < whole.length; end++) {
      const file = parseStateFile(whole.slice(0, end));
      const lines = whole.slice(0, end).split('\n').length - 1;
      assert.deepEqual('lines' in file ? 'whole' : file, whole[end - 1] === '\n' ? 'whole' : { corruptedLine: lines });
    }
  });

  it('never does more than that, whatever is in it', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(...LINE.split(' '), '\n', ' ', '#', '-1', '99999999999999999999'),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), fc.boolean(), (words, spaced) => {
        const file = parseStateFile(`1\n${words.join(spaced ? ' ' : '')}`);
        if (!('lines' in file)) return;
        for (const line of file.lines) {
          assert.ok(stateColumns.every(({ optional, name }) => optional === true || line[name] !== undefined));
          assert.equal(typeof invalidValues(line), 'string');
        }
      }),
    );
  });
});
