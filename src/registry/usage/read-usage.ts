import type { StoreUsage, Usage, UsageOfRegistry } from '../../metadata/usage.ts';
import type { Registry } from '../../model/registry.ts';
import { type Page, pageOf } from '../page.ts';
import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';

export interface RegistryUsage {
  readonly usage: Usage;
  readonly repositories: number;
  /** Of the whole store, which may hold other registries, too. */
  readonly store: StoreUsage;
}

export interface RepositoryUsage {
  readonly repositoryName: string;
  readonly usage: Usage;
}

/** What the registry uses. Kept with every change, so it is exact, and costs the same however much there is. */
export async function readRegistryUsage(
  { metadata }: Pick<Ports, 'metadata'>,
  registry: Registry,
): Promise<RegistryUsage> {
  return metadata.read(async (view) => {
    const key = await view.repositories.findRegistry(registry);
    return {
      usage: await view.usage.find('registry', key ?? 0),
      repositories: await view.repositories.count(registry),
      store: await view.usage.ofStore(),
    };
  });
}

/** What everybody uses. */
export interface OverallUsage {
  /** `next` is the registry's row. */
  readonly registries: Page<UsageOfRegistry, number>;
  readonly store: StoreUsage;
}

/** What each registry uses, the first `limit` of them, and what is in the store, at the same moment. */
export async function readOverallUsage({ metadata }: Pick<Ports, 'metadata'>, limit: number): Promise<OverallUsage> {
  return metadata.read(async (view) => {
    const rows = await view.usage.listRegistries({ after: 0, limit: limit + 1 });
    return { registries: pageOf(rows, limit, (row) => row.registryKey), store: await view.usage.ofStore() };
  });
}

/** @throws Fault `RepositoryNotFound` */
export async function readRepositoryUsage({ metadata }: Pick<Ports, 'metadata'>, path: RepositoryPath): Promise<Usage> {
  return metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    return view.usage.find('repository', repository.id);
  });
}

/** A page of the registry's repositories, in order of name, with what each uses. */
export async function listRepositoryUsage(
  { metadata }: Pick<Ports, 'metadata'>,
  registry: Registry,
  { after = '', limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Page<RepositoryUsage, string>> {
  return metadata.read(async (view) => {
    const rows = await view.repositories.list(registry, { after, limit: limit + 1 });
    const page = pageOf(rows, limit, (repository) => repository.name);
    const items: RepositoryUsage[] = [];
    for (const { id, name } of page.items) {
      items.push({ repositoryName: name, usage: await view.usage.find('repository', id) });
    }
    return { items, next: page.next };
  });
}
