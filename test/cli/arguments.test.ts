import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseArguments } from '../../src/cli/arguments.ts';
import { UsageError } from '../../src/cli/usage-error.ts';

const parse = (line: string) => parseArguments(line.split(' ').filter(Boolean));

test('limits of the journal are numbers; 0 is none', () => {
  const { journalKeep, journalKeepDays } = parse('-f a');
  assert.deepEqual([journalKeep, journalKeepDays], [1_000_000, 0]);
  const given = parse('-f a --journal-keep 0 --journal-keep-days 400');
  assert.deepEqual([given.journalKeep, given.journalKeepDays], [0, 400]);
  assert.throws(() => parse('-f a --journal-keep many'), /'--journal-keep' expects a number, not 'many'/);
  assert.throws(() => parse('-f a --journal-keep-days -1'), /'--journal-keep-days' expects a number, not '-1'/);
});

test('files come from -f and from after --, in order', () => {
  assert.deepEqual(parse('-f a.cfg -f conf.d -V -- b.cfg -c').files, ['a.cfg', 'conf.d', 'b.cfg', '-c']);
});

test('-sf and -st take process ids up to the next flag', () => {
  assert.deepEqual(parse('-sf 12 34 -f a').finish, { signal: 'SIGUSR1', pids: [12, 34] });
  assert.deepEqual(parse('-f a -st').finish, { signal: 'SIGTERM', pids: [] });
  assert.deepEqual(parseArguments(['-sf', '12 34\n56']).finish?.pids, [12, 34, 56]);
});

test('-W and -Ws together tell the service manager, in either order', () => {
  assert.equal(parse('-W -Ws -f a').mode, 'master-notify');
  assert.equal(parse('-Ws -W -f a').mode, 'master-notify');
  assert.equal(parse('-W -f a').mode, 'master');
});

test('flags that tune a process of another kind are accepted anywhere', () => {
  const invocation = parse('-dM -dMbyte -dI -de -dp -dS -dG -dR -dV -dt -dZ -f a -dx');
  assert.deepEqual([invocation.files, invocation.foreground], [['a'], false]);
});

test('-dK gathers its classes', () => {
  assert.deepEqual(parse('-dKcfg,cli -dKsmp -f a').listings, ['cfg', 'cli', 'smp']);
});

test('-dC shows the configuration; with a key, which would hide parts of it, it is refused', () => {
  assert.equal(parse('-dC -f a').dumpConfig, true);
  assert.throws(() => parse('-dCsecret -f a'), /not supported: '-dCsecret'/);
});

test('the version ends the reading of arguments', () => {
  assert.equal(parse('-v --nonsense').version, 'short');
  assert.equal(parse('-vv').version, 'build');
});

test('numbers are numbers', () => {
  const { memory, maxconn, proxyMaxconn } = parse('-m 512 -n 1000 -N 100 -f a');
  assert.deepEqual([memory, maxconn, proxyMaxconn], [512, 1000, 100]);
  assert.throws(() => parse('-n many -f a'), new UsageError("'-n' expects a number, not 'many'"));
});

test('what is not understood is named', () => {
  assert.throws(() => parse('-f'), new UsageError("missing value for '-f'"));
  assert.throws(() => parse('-Y'), new UsageError("unknown flag '-Y'"));
  assert.throws(() => parse('a.cfg'), /unexpected argument 'a.cfg'/);
});

test('no command line does anything else than being read or refused', () => {
  const word = fc.oneof(
    fc.constantFrom('-f', '-sf', '-c', '-dK', '--', '-S', '-n', '-', '', '-vv', 'x', '7'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      try {
        parseArguments(words);
      } catch (error) {
        assert.ok(error instanceof UsageError);
      }
    }),
  );
});
