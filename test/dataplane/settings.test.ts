import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parseSettings } from '../../src/dataplane/service/settings.ts';

suite("the service's file", () => {
  test('has the keys of the original', () => {
    const { settings, notes } = parseSettings(
      `
config_version: 2
name: famous_condor
dataplaneapi:
  host: 0.0.0.0
  port: 5556
  user:
  - { name: dataplaneapi, password: mypassword, insecure: true }
  transaction: { transaction_dir: /tmp/haproxy, max_open_transactions: 5 }
  resources: { maps_dir: /etc/haproxy/m, update_map_files: true }
haproxy:
  config_file: /etc/haproxy/haproxy.cfg
  haproxy_bin: /usr/sbin/haproxy
  reload: { reload_delay: 2, reload_cmd: systemctl reload haproxy, reload_strategy: custom }
log_targets: []
`,
      'x.yaml',
    );
    assert.deepEqual(settings.listen, { host: '0.0.0.0', port: 5556 });
    assert.deepEqual(settings.users, [{ name: 'dataplaneapi', password: 'mypassword', insecure: true }]);
    assert.equal(settings.transactions.maxOpen, 5);
    assert.equal(settings.storage.maps, '/etc/haproxy/m');
    assert.equal(settings.storage.certificates, '/etc/haproxy/ssl');
    assert.deepEqual(settings.haproxy.reload, ['systemctl', 'reload', 'haproxy']);
    assert.equal(settings.reloads.delay, 2000);
    assert.equal(settings.storage.mapsFollow, true);
    assert.equal(notes.length, 1);
  });

  test('is refused with the nearest key where one is not known, and with the place where it is no YAML', () => {
    assert.throws(
      () => parseSettings('haproxy:\n  config_fil: x\n', 'x.yaml'),
      /unknown key 'haproxy.config_fil'; did you mean 'haproxy.config_file'/,
    );
    assert.throws(() => parseSettings('haproxy: [\n', 'x.yaml'), /^SettingsError|x\.yaml:\d+: /);
    assert.throws(() => parseSettings('dataplaneapi:\n  port: no\n', 'x.yaml'), /dataplaneapi.port must be a number/);
  });

  test('names files of the configuration, and folders of them', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-settings-'));
    t.after(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'conf.d'));
    for (const name of ['b.cfg', 'a.cfg', 'notes.txt']) writeFileSync(join(folder, 'conf.d', name), '');
    const files = (text: string) => parseSettings(`haproxy: { config_file: ${text} }`, 'x.yaml').settings.haproxy.files;
    assert.deepEqual(files(`[${folder}/main.cfg, ${folder}/conf.d]`), [
      `${folder}/main.cfg`,
      `${folder}/conf.d/a.cfg`,
      `${folder}/conf.d/b.cfg`,
    ]);
    assert.deepEqual(files(`${folder}/main.cfg`), [`${folder}/main.cfg`]);
    assert.throws(() => files('[]'), /x\.yaml: haproxy\.config_file: there is no file in the list/);
    assert.throws(() => files('7'), /haproxy\.config_file must be/);
  });

  test('in the older form is refused with the YAML to write', () => {
    const hcl = `config_version = 2

dataplaneapi {
  host = "0.0.0.0"
  port = 5555

  user "admin" {
    insecure = true
    password = "adminpwd"
  }
}

haproxy {
  config_file = "/etc/haproxy/haproxy.cfg"
}
`;
    let told = '';
    assert.throws(
      () => parseSettings(hcl, 'x.hcl'),
      (error: Error) => {
        told = error.message;
        return true;
      },
    );
    const yaml = told.slice(told.indexOf('\n\n') + 2);
    const { settings } = parseSettings(yaml, 'x.yaml');
    assert.deepEqual(settings.users, [{ name: 'admin', password: 'adminpwd', insecure: true }]);
    assert.deepEqual(settings.listen, { host: '0.0.0.0', port: 5555 });
  });
});
