import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { lowPort } from '../support/ports.ts';
import { program } from '../support/program.ts';
import { until } from '../support/wait.ts';

// Debian's own /etc/haproxy/haproxy.cfg, as it stands, with a second file for what is to be served. In a mount namespace with a
// /run/haproxy and a /dev of its own: nothing on the machine is touched.

const STOCK = '/etc/haproxy/haproxy.cfg';
const folder = mkdtempSync(join(tmpdir(), 'sluice-debian-'));
after(() => rmSync(folder, { recursive: true }));

/** Why this machine cannot run the test, or false. */
function lacking(): string | false {
  if (process.getuid!() !== 0) return 'needs root';
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a field in dpkg-query's own notation.
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Conffiles}\n', 'haproxy'], { encoding: 'utf8' });
  const sum = new RegExp(`^ ${STOCK} ([0-9a-f]{32})$`, 'm').exec(stdout ?? '')?.[1];
  if (sum === undefined) return "needs Debian's haproxy package (scripts/apt.sh)";
  if (createHash('md5').update(readFileSync(STOCK)).digest('hex') !== sum) return `${STOCK} has been edited`;
  if (spawnSync('unshare', ['-m', 'true']).status !== 0) return 'mount namespaces are not permitted';
  return spawnSync('socat', ['-V']).status === 0 ? false : 'needs socat';
}

/** Prepares the namespace, receives log lines into $1/lines, and starts the program ($2) there; it comes back when that serves. */
const SCRIPT = `set -e
mount --make-rprivate /
mkdir "$1/dev"
mount -t tmpfs tmpfs "$1/dev"
for device in null zero random urandom; do touch "$1/dev/$device"; mount --bind "/dev/$device" "$1/dev/$device"; done
mount --rbind "$1/dev" /dev
mount -t tmpfs -o "mode=2775,uid=$(id -u haproxy),gid=$(id -g haproxy)" tmpfs /run/haproxy
touch "$1/lines"
socat -u UNIX-RECV:/dev/log,mode=666 "OPEN:$1/lines,append" >/dev/null 2>&1 </dev/null &
echo $! >"$1/receiver"
while [ ! -S /dev/log ]; do sleep 0.01; done
"$2" -f ${STOCK} -f "$1/web.cfg" -p "$1/pid"
stat -c '%U:%G %a' /run/haproxy/admin.sock`;

test("Debian's haproxy.cfg runs as it stands", { skip: lacking() }, async (t) => {
  const port = await lowPort();
  writeFileSync(join(folder, 'web.cfg'), `frontend web\n\tbind 127.0.0.1:${port}\n\thttp-request return status 204\n`);
  const started = spawnSync('unshare', ['-m', 'sh', '-c', SCRIPT, 'sh', folder, program], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  const number = (file: string) => Number(readFileSync(join(folder, file), 'utf8'));
  t.after(() => {
    for (const file of ['pid', 'receiver']) process.kill(number(file));
  });
  assert.equal(started.status, 0, started.stderr);
  // Nobody has connected yet.
  assert.equal(started.stdout, 'root:haproxy 660\n');
  assert.doesNotMatch(started.stderr, /ALERT/);

  const pid = number('pid');
  const inside = (...command: string[]) =>
    spawnSync('nsenter', ['-t', String(pid), '-m', ...command], { encoding: 'utf8' }).stdout;
  const uid = spawnSync('id', ['-u', 'haproxy'], { encoding: 'utf8' }).stdout.trim();
  const gid = spawnSync('id', ['-g', 'haproxy'], { encoding: 'utf8' }).stdout.trim();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
    assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'));
    assert.match(status, new RegExp(`^Gid:\\t${gid}\\t${gid}\\t${gid}\\t${gid}$`, 'm'));
    if (/^Name:\ttraffic /m.test(status))
      assert.equal(readlinkSync(`/proc/${pid}/task/${task}/root`), '/var/lib/haproxy');
  }

  assert.equal((await get(port, '/a')).status, 204);
  // Facility local0, level info: the second `log` line of the file is for notices only.
  const line = new RegExp(
    `^<134>\\w{3} [ \\d]\\d [\\d:]{8} haproxy\\[${pid}\\]: 127\\.0\\.0\\.1:\\d+ .* 204 .*"GET /a HTTP/1\\.1"`,
    'm',
  );
  await until('the log line', () => line.test(readFileSync(join(folder, 'lines'), 'utf8')));
  assert.doesNotMatch(readFileSync(join(folder, 'lines'), 'utf8'), /^<14\d>.*GET/m);

  const info = inside('sh', '-c', 'echo show info | socat - UNIX-CONNECT:/run/haproxy/admin.sock');
  assert.match(info, new RegExp(`^Pid: ${pid}$`, 'm'));
  assert.match(info, /^CumReq: 1$/m);
});
