/** Keywords of `userlist` sections (manual, section 3.4). */

import type { Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { UserlistConfig } from '../types.ts';
import { KeywordTable, works } from './table.ts';

type Userlist = Draft<UserlistConfig>;

function parseUserlistGroup(line: Line, list: Userlist): void {
  const [, name, option, users] = line.words;
  if (name === undefined) return line.alert("'group' expects <name> as arguments.", 'reader');
  if (list.groups.some((group) => group.name === name))
    return line.warning(`ignoring duplicated group '${name}' in userlist '${list.name}'.`, 'reader');
  if (option !== undefined && (option !== 'users' || users === undefined))
    return line.alert("'group' only supports 'users' option.", 'reader');
  list.groups.push({ name, users: users === undefined ? [] : users.split(',') });
  return undefined;
}

function parseUser(line: Line, list: Userlist): void {
  const name = line.word(1);
  if (name === '') return line.alert("'user' expects <name> as arguments.", 'reader');
  if (list.users.some((user) => user.name === name))
    return line.warning(`ignoring duplicated user '${name}' in userlist '${list.name}'.`, 'reader');
  const user = { name, password: '', insecure: false, groups: [] as string[] };
  for (let i = 2; i < line.words.length; i += 2) {
    const [option, value] = [line.word(i), line.word(i + 1)];
    if (option === 'password' || option === 'insecure-password') {
      user.password = value;
      user.insecure = option === 'insecure-password';
    } else if (option === 'groups') user.groups = value.split(',');
    else return line.alert("'user' only supports 'password', 'insecure-password' and 'groups' options.", 'reader');
  }
  list.users.push(user);
  return undefined;
}

export const USERLIST_KEYWORDS = new KeywordTable<Userlist>([
  works<Userlist>('group', '<name> [users <user>,...]', parseUserlistGroup),
  works<Userlist>('user', '<name> [password|insecure-password <password>] [groups <group>,...]', parseUser),
]);
