/** Edits of sites: the frontend, its backends and the rules between them in one go. What a site does not tell stays as it is. */

import { attributesOf } from '../edit/attributes.ts';
import { at, replacedAll } from '../edit/children.ts';
import { spliced } from '../edit/lines.ts';
import { isRefusal, type Refusal, refusal } from '../edit/problem.ts';
import type { Resource } from '../edit/resource.ts';
import { createSection, deleteSection, replaceSection } from '../edit/section.ts';
import { type Documents, sectionNamed } from '../edit/sections.ts';
import type { ChildKind, SectionKind } from '../kinds/kind.ts';
import { isAbsent } from '../lines/field.ts';
import { FARM_FIELDS, type Farm, SERVICE_FIELDS, type Site } from './model.ts';
import { BACKEND, BIND, FRONTEND, rulesOf, SERVER, siteNamed, sitesOf, USE_BACKEND } from './read.ts';

/** Documents with a new site: its frontend, and its backends where they are not there. */
export function createSite(documents: Documents, site: Site): Documents | Refusal {
  const made = createSection(FRONTEND, documents, { name: site.name }, false);
  return isRefusal(made) ? made : replaceSite(made, site.name, site);
}

/** Documents with another site of that name. Backends that it no longer has go, unless another frontend sends to them. */
export function replaceSite(documents: Documents, name: string, site: Site): Documents | Refusal {
  if (site.name !== name)
    return refusal('invalid', `name is '${site.name}', the path says '${name}': a site cannot be renamed`, 'name');
  const before = siteNamed(documents, name);
  if (isRefusal(before)) return before;
  const farms = site.farms ?? [];
  const wrong = problemOf(farms);
  if (wrong !== null) return wrong;
  const steps: ((now: Documents) => Documents | Refusal)[] = [
    ...farms.map((farm, i) => (now: Documents) => at(`farms/${i}`, withFarm(now, farm))),
    (now) => at('service', withService(now, site)),
    (now) => withRules(now, site),
    ...left(before, farms).map((one) => (now: Documents) => withoutFarm(now, one)),
  ];
  let current = documents;
  for (const step of steps) {
    const next = step(current);
    if (isRefusal(next)) return next;
    current = next;
  }
  return current;
}

/** Documents without a site: its frontend, and the backends that no other frontend sends to. */
export function deleteSite(documents: Documents, name: string): Documents | Refusal {
  const before = siteNamed(documents, name);
  if (isRefusal(before)) return before;
  let current = deleteSection(FRONTEND, documents, name);
  for (const farm of left(before, [])) if (!isRefusal(current)) current = withoutFarm(current, farm);
  return current;
}

/** Names of backends that are not in a site any more. */
function left({ farms = [] }: Site, now: readonly Farm[]): string[] {
  const kept = new Set(now.map(({ name }) => name));
  return [...new Set(farms.map(({ name }) => name))].filter((name) => !kept.has(name));
}

function problemOf(farms: readonly Farm[]): Refusal | null {
  const defaults = farms.flatMap(({ use_as: use }, i) => (use === 'default' ? [i] : []));
  if (defaults.length > 1)
    return refusal('invalid', 'more than one farm is the default', `farms/${defaults[1]}/use_as`);
  for (const [i, { use_as: use, cond, cond_test: test }] of farms.entries())
    if (use === 'default' && !(isAbsent(cond) && isAbsent(test)))
      return refusal(
        'invalid',
        'cond has no meaning for the default farm',
        `farms/${i}/${isAbsent(cond) ? 'cond_test' : 'cond'}`,
      );
  return null;
}

function withService(documents: Documents, { name, service = {}, farms = [] }: Site): Documents | Refusal {
  const { listeners = [], ...fields } = service;
  const main = farms.find(({ use_as: use }) => use === 'default')?.name;
  const edited = withFields(FRONTEND, documents, name, SERVICE_FIELDS, fields, { default_backend: main });
  return isRefusal(edited) ? edited : at('listeners', withAll(FRONTEND, BIND, edited, name, listeners));
}

function withFarm(documents: Documents, farm: Farm): Documents | Refusal {
  const { name, use_as: _use, cond: _cond, cond_test: _test, servers = [], ...fields } = farm;
  const found = sectionNamed(documents, BACKEND, name);
  if (isRefusal(found) && found.refused !== 'missing') return found;
  const there = isRefusal(found) ? createSection(BACKEND, documents, { name }, false) : documents;
  if (isRefusal(there)) return there;
  const edited = withFields(BACKEND, there, name, FARM_FIELDS, fields, {});
  return isRefusal(edited) ? edited : at('servers', withAll(BACKEND, SERVER, edited, name, servers));
}

/** A section with other values of some of its fields. */
function withFields(
  kind: SectionKind,
  documents: Documents,
  name: string,
  fields: readonly string[],
  values: Resource,
  more: Resource,
): Documents | Refusal {
  const found = sectionNamed(documents, kind, name);
  if (isRefusal(found)) return found;
  const others = Object.entries(attributesOf(kind, documents, found)).filter(([field]) => !fields.includes(field));
  return replaceSection(kind, documents, name, { ...Object.fromEntries(others), ...values, ...more }, false);
}

function withAll(
  kind: SectionKind,
  child: ChildKind,
  documents: Documents,
  name: string,
  list: readonly Resource[],
): Documents | Refusal {
  const found = sectionNamed(documents, kind, name);
  if (isRefusal(found)) return found;
  const twice = list.findIndex(
    (one, i) =>
      !isAbsent(one[child.name!]) && list.slice(0, i).some((other) => other[child.name!] === one[child.name!]),
  );
  if (twice >= 0)
    return refusal('exists', `${name} has more than one ${child.title} '${list[twice]![child.name!]}'`, String(twice));
  const made = replacedAll(child, documents, found, list);
  return isRefusal(made) ? made : spliced(documents, made);
}

/** The `use_backend` rules: those of the site in their order, in the places of those before; others stay. */
function withRules(documents: Documents, { name, farms = [] }: Site): Documents | Refusal {
  const found = sectionNamed(documents, FRONTEND, name);
  if (isRefusal(found)) return found;
  const wanted = farms.filter(({ use_as: use }) => use === 'conditional').map(ruleOf);
  const rules = rulesOf(documents, found).flatMap(({ resource, farm }) => {
    if (farm === null) return [resource];
    const next = wanted.shift();
    return next === undefined ? [] : [next];
  });
  const made = replacedAll(USE_BACKEND, documents, found, [...rules, ...wanted]);
  return isRefusal(made) ? at('farms', made) : spliced(documents, made);
}

function ruleOf({ name, cond, cond_test }: Farm): Resource {
  return { name, ...(isAbsent(cond) ? {} : { cond }), ...(isAbsent(cond_test) ? {} : { cond_test }) };
}

/** Without a backend, unless a frontend still sends to it. */
function withoutFarm(documents: Documents, name: string): Documents | Refusal {
  const used = sitesOf(documents).some(({ farms = [] }) => farms.some((farm) => farm.name === name));
  if (used || isRefusal(sectionNamed(documents, BACKEND, name))) return documents;
  return deleteSection(BACKEND, documents, name);
}
