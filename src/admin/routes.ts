import type { Endpoint } from './endpoint.ts';
import { checkTheStore } from './endpoints/check-store.ts';
import { deleteTheImages } from './endpoints/delete-images.ts';
import { getCollection } from './endpoints/get-collection.ts';
import { getRepositoryUsage } from './endpoints/get-repository-usage.ts';
import { getUsage } from './endpoints/get-usage.ts';
import { listRestorableImages } from './endpoints/list-restorable.ts';
import { listUsage } from './endpoints/list-usage.ts';
import { planTheDeletion } from './endpoints/plan-deletion.ts';
import { restore } from './endpoints/restore.ts';
import { runCollection } from './endpoints/run-collection.ts';

export const PREFIX = '/_berth/v1/';

/** The operator's API: which endpoint answers which method below `/_berth/v1/`. */
export const ROUTES: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  usage: { GET: getUsage },
  'usage/repositories': { GET: listUsage },
  'usage/repository': { GET: getRepositoryUsage },
  'images/plan': { POST: planTheDeletion },
  'images/delete': { POST: deleteTheImages },
  restorable: { GET: listRestorableImages },
  restore: { POST: restore },
  gc: { GET: getCollection },
  'gc/run': { POST: runCollection },
  fsck: { POST: checkTheStore },
};

/** The endpoints of a path by method; `undefined` if there is no such path. */
export function endpointsAt(path: string): Readonly<Record<string, Endpoint>> | undefined {
  const name = path.slice(PREFIX.length);
  return Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
}
