import { isFault } from '../model/fault.ts';
import type { Authorizer } from '../policy/authorizer.ts';
import type { Ports } from '../registry/ports.ts';
import { ensureRepository } from '../registry/repository/create-repository.ts';
import { authorize, type Call } from './call.ts';

export interface CreateOnPush extends Pick<Ports, 'metadata' | 'clock'> {
  readonly authorizer: Authorizer;
  readonly createOnPush: boolean;
}

/**
 * Pushes, and if the repository is missing where pushing may create it, creates it and pushes again. `push` must leave
 * nothing behind when it finds no repository. `worthIt` may say that it cannot succeed in an empty repository either: then
 * none is created for it.
 *
 * @throws Fault `RepositoryNotFound` where pushing creates nothing, `AccessDenied`, and what `push` throws
 */
export async function withRepository<T>(
  edge: CreateOnPush,
  call: Call<'uploads' | 'manifest'>,
  push: () => Promise<T>,
  worthIt: () => boolean = () => true,
): Promise<T> {
  try {
    return await push();
  } catch (error) {
    if (!edge.createOnPush || !isFault(error, 'RepositoryNotFound') || !worthIt()) throw error;
    await authorize(edge, call, 'ecr:CreateRepository', call.target.repositoryName);
    await ensureRepository(edge, call.target);
    return push();
  }
}
