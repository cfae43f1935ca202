import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAclTerm, FAIL, PASS } from '../../src/expr/acl/acl.ts';
import { compileExpression, evaluateText } from '../../src/expr/compile.ts';
import { checkCrypt, isCryptHash } from '../../src/expr/crypt.ts';
import { type CompileEnv, place } from '../../src/expr/row.ts';
import { isError } from '../../src/expr/sample.ts';
import { compileUserlist } from '../../src/expr/userlist.ts';
import { context } from './context.ts';

const at = { file: 'haproxy.cfg', line: 1 };

function userlist() {
  const list = compileUserlist({
    name: 'staff',
    at,
    groups: [
      { name: 'admins', users: ['ann'] },
      { name: 'readers', users: [] },
    ],
    users: [
      { name: 'ann', password: 'open sesame', insecure: true, groups: [] },
      { name: 'bob', password: '$1$saltstri$YMyguxXMBpd2TEZ.vS/3q1', insecure: false, groups: ['readers'] },
    ],
  });
  assert.ok(!isError(list));
  return list;
}

const basic = (user: string, password: string) => ({
  headers: [['Authorization', `Basic ${Buffer.from(`${user}:${password}`, 'latin1').toString('base64')}`]],
});

describe('password hashes', () => {
  // Made by crypt(3) of glibc.
  for (const [hash, password] of [
    ['$1$saltstri$YMyguxXMBpd2TEZ.vS/3q1', 'Hello world!'],
    ['$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'Hello world!'],
    [
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
      'Hello world!',
    ],
    ['$5$abc$bBHLwRRW2Li0XKaX13kz/g2fkDil4Jx46aNvd.48MS8', ''],
    ['$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA', 'Hello world!'],
  ] as const) {
    test(`${hash.slice(0, 3)} accepts its password and no other`, () => {
      assert.ok(isCryptHash(hash));
      assert.equal(checkCrypt(password, hash), true);
      assert.equal(checkCrypt(`${password} `, hash), false);
    });
  }

  test('of other kinds, or with too many rounds, are told apart', () => {
    for (const hash of ['$y$j9T$abc$def', '$2b$10$abc', 'rl.3StKT.4T8M', 'plain', '$6$rounds=900000000$a$b']) {
      assert.equal(isCryptHash(hash), false, hash);
      assert.equal(checkCrypt('x', hash.startsWith('$6') ? 'x' : hash), false);
    }
  });
});

describe('a userlist', () => {
  test('checks users and knows their groups', () => {
    const list = userlist();
    assert.equal(list.check('ann', 'open sesame'), true);
    assert.equal(list.check('ann', 'open sesame!'), false);
    assert.equal(list.check('bob', 'Hello world!'), true);
    assert.equal(list.check('bob', 'Hello world!'), true, 'the second time');
    assert.equal(list.check('bob', 'hello world!'), false);
    assert.equal(list.check('eve', ''), false);
    assert.equal(list.isMember('ann', 'admins'), true);
    assert.equal(list.isMember('bob', 'admins'), false);
    assert.equal(list.isMember('bob', 'readers'), true);
  });

  test('refuses hashes that it cannot check', () => {
    const made = compileUserlist({
      name: 'l',
      at,
      groups: [],
      users: [{ name: 'u', password: '$y$x', insecure: false, groups: [] }],
    });
    assert.ok(isError(made));
    assert.match(made.error, /^password of user 'u' in userlist 'l' is not supported: use /);
  });

  test('answers http_auth and http_auth_group', () => {
    const list = userlist();
    const env: CompileEnv = {
      places: place.frontendHttpRequest,
      proxy: 'fe',
      userlist: (name) => (name === 'staff' ? list : null),
    };
    const auth = compileExpression(['http_auth(staff)'], env);
    assert.ok(!isError(auth));
    assert.equal(evaluateText(auth.compiled, context(basic('ann', 'open sesame'))), '1');
    assert.equal(evaluateText(auth.compiled, context(basic('ann', 'wrong'))), '0');
    assert.equal(evaluateText(auth.compiled, context()), undefined);
    const group = compileAclTerm(['http_auth_group(staff)', 'readers', 'admins'], env);
    assert.ok(!isError(group));
    assert.equal(group.decide(context(basic('ann', 'open sesame'))), PASS);
    assert.equal(group.decide(context(basic('ann', 'wrong'))), FAIL);
    assert.deepEqual(compileAclTerm(['http_auth_group(staff)', 'nobody'], env), { error: "invalid group 'nobody'" });
    assert.deepEqual(compileAclTerm(['http_auth_group(staff)'], env), { error: 'no groups specified' });
    assert.deepEqual(compileAclTerm(['http_auth(none)'], env), {
      error: "unable to find userlist 'none' referenced in arg 1 of ACL keyword 'http_auth' in proxy 'fe'",
    });
  });
});
