import type { Annotations } from '../http/access-log.ts';
import { repositoryArn } from '../model/arn.ts';
import type { Registry } from '../model/registry.ts';
import type { Action, Authorizer } from '../policy/authorizer.ts';
import type { Principal } from '../policy/principal.ts';
import type { RepositoryPath } from '../registry/repository/repository-path.ts';

/** A request that has been authenticated and found to have an endpoint. */
export interface Call {
  /** The caller's account, in the region the request was signed for. */
  readonly registry: Registry;
  readonly principal: Principal;
  /** Unchecked: the query's parameters where the method is GET, else the members of the body. */
  readonly input: object;
  /** Adds to the request's line in the log. */
  readonly annotate: (more: Annotations) => void;
  /** For what goes wrong when nobody waits for it any more. */
  readonly onError: (error: unknown) => void;
}

/** One document, or lines: a document each, as they come. */
export type Answer = { readonly status?: number; readonly json: object } | { readonly lines: AsyncIterator<object> };

/**
 * Asks whether the caller may do this to the whole registry.
 *
 * @throws Fault `AccessDenied`
 */
export async function authorize({ authorizer }: Authorizing, { principal }: Call, action: Action): Promise<void> {
  await authorizer.authorize(principal, action, '*');
}

/**
 * Asks whether the caller may do this to a repository of the registry, and answers its path.
 *
 * @throws Fault `AccessDenied`
 */
export async function authorizeFor(
  { authorizer }: Authorizing,
  { principal, registry, annotate }: Call,
  action: Action,
  repositoryName: string,
): Promise<RepositoryPath> {
  annotate({ repository: repositoryName });
  await authorizer.authorize(principal, action, repositoryArn(registry, repositoryName));
  return { registry, repositoryName };
}

interface Authorizing {
  readonly authorizer: Authorizer;
}
