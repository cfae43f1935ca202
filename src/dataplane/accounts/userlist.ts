import { parseDocument } from '../../config/document.ts';
import { childrenIn } from '../edit/children.ts';
import { isRefusal } from '../edit/problem.ts';
import { type Documents, sectionNamed } from '../edit/sections.ts';
import { CHILDREN } from '../kinds/children.ts';
import { sectionKind } from '../kinds/sections.ts';
import type { User } from './accounts.ts';

const USERS = CHILDREN.find(({ model }) => model === 'user')!;

/** The users of a `userlist` section; none when there is no such section. */
export function usersOf(documents: Documents, userlist: string): readonly User[] {
  const found = sectionNamed(documents, sectionKind('userlist')!, userlist);
  if (isRefusal(found)) return [];
  return childrenIn(USERS, documents, found).flatMap(({ resource }): User[] => {
    const { username, password, secure_password: secure } = resource;
    if (typeof username !== 'string' || typeof password !== 'string') return [];
    return [{ name: unquoted(username), password: fromEnvironment(unquoted(password)), insecure: secure === false }];
  });
}

/** Words as they are written, to what they say. */
function unquoted(word: string): string {
  return parseDocument('', `x ${word}`).lines[0]!.words[1] ?? '';
}

/** A password that is `${NAME}` and nothing else is in the environment. */
export function fromEnvironment(password: string): string {
  const name = /^\$\{?([A-Za-z_]\w*)\}?$/.exec(password)?.[1];
  return name === undefined ? password : (process.env[name] ?? password);
}
