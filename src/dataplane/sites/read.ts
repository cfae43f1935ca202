/** Sites as the configuration has them. */

import { attributesOf } from '../edit/attributes.ts';
import { childrenIn } from '../edit/children.ts';
import { isRefusal, type Refusal } from '../edit/problem.ts';
import type { Resource } from '../edit/resource.ts';
import { type Documents, type Found, sectionNamed, sectionsOf } from '../edit/sections.ts';
import { CHILDREN } from '../kinds/children.ts';
import type { ChildKind } from '../kinds/kind.ts';
import { sectionKind } from '../kinds/sections.ts';
import { FARM_FIELDS, type Farm, SERVICE_FIELDS, type Site } from './model.ts';

export const FRONTEND = sectionKind('frontend')!;
export const BACKEND = sectionKind('backend')!;
export const BIND = child('bind');
export const SERVER = child('server');
export const USE_BACKEND = child('backend_switching_rule');

function child(model: string): ChildKind {
  return CHILDREN.find((kind) => kind.model === model)!;
}

export function sitesOf(documents: Documents): Site[] {
  return sectionsOf(documents, FRONTEND).map((found) => siteAt(documents, found));
}

export function siteNamed(documents: Documents, name: string): Site | Refusal {
  const found = sectionNamed(documents, FRONTEND, name);
  return isRefusal(found) ? found : siteAt(documents, found);
}

function siteAt(documents: Documents, found: Found): Site {
  const frontend = attributesOf(FRONTEND, documents, found);
  const listeners = resources(BIND, documents, found);
  const service = { ...picked(frontend, SERVICE_FIELDS), ...(listeners.length === 0 ? {} : { listeners }) };
  const main = frontend['default_backend'] as string | undefined;
  const farms = [
    ...(main === undefined ? [] : [{ name: main, use_as: 'default' as const }]),
    ...rulesOf(documents, found).flatMap((rule) => (rule.farm === null ? [] : [rule.farm])),
  ];
  const whole = farms.flatMap((farm) => {
    const backend = sectionNamed(documents, BACKEND, farm.name);
    return isRefusal(backend) ? [] : [farmAt(documents, backend, farm)];
  });
  return {
    name: found.name,
    ...(Object.keys(service).length === 0 ? {} : { service }),
    ...(whole.length === 0 ? {} : { farms: whole }),
  };
}

function farmAt(documents: Documents, found: Found, farm: Farm): Farm {
  const servers = resources(SERVER, documents, found);
  const fields = picked(attributesOf(BACKEND, documents, found), FARM_FIELDS);
  return { ...farm, ...fields, ...(servers.length === 0 ? {} : { servers }) };
}

/** A `use_backend` rule; `farm` null: it names no backend of the configuration, and is none of the site's business. */
export interface UseRule {
  readonly resource: Resource;
  readonly farm: Farm | null;
}

export function rulesOf(documents: Documents, found: Found): UseRule[] {
  return resources(USE_BACKEND, documents, found).map((resource) => {
    const { name, cond, cond_test } = resource as Readonly<Record<string, string | undefined>>;
    const known = name !== undefined && !isRefusal(sectionNamed(documents, BACKEND, name));
    if (!known) return { resource, farm: null };
    const condition = cond === undefined ? {} : { cond, cond_test: cond_test! };
    return { resource, farm: { name, use_as: 'conditional', ...condition } };
  });
}

function resources(kind: ChildKind, documents: Documents, found: Found): Resource[] {
  return childrenIn(kind, documents, found).map(({ resource }) => resource);
}

function picked(resource: Resource, names: readonly string[]): Resource {
  return Object.fromEntries(names.flatMap((name) => (resource[name] === undefined ? [] : [[name, resource[name]]])));
}
