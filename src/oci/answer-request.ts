import type { IncomingMessage } from 'node:http';
import { annotate } from '../http/access-log.ts';
import { Fault } from '../model/fault.ts';
import type { TokenClaims } from '../policy/registry-tokens.ts';
import { authenticate, challenge } from './authenticate.ts';
import { type Answer, authorize, type Call } from './call.ts';
import { refuse } from './faults.ts';
import type { OciEdge } from './oci-edge.ts';
import { type OciPath, parsePath, type Shape } from './parse-path.ts';
import { registryOf, registryOfHost } from './registry-of.ts';
import { findRoute, methodsOf } from './routes.ts';

/** What becomes of a request to `/v2`: credentials first, before the body or anything of the registry is touched. */
export async function answerRequest(edge: OciEdge, request: IncomingMessage, origin: string): Promise<Answer> {
  const claims = authenticate(edge.tokens, request.headers.authorization);
  if (claims === undefined) return challenge(origin);
  const { path, query } = splitTarget(request.url ?? '');
  const parsed = parsePath(path);
  if (parsed === undefined) {
    throw new Fault('UnknownOperation', { reason: 'The distribution protocol has no such path' });
  }
  return perform(edge, parsed, { request, claims, query });
}

export function splitTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

interface Received {
  readonly request: IncomingMessage;
  readonly claims: TokenClaims;
  readonly query: URLSearchParams;
}

async function perform<S extends Shape>(
  edge: OciEdge,
  { shape, names }: OciPath<S>,
  { request, claims, query }: Received,
): Promise<Answer> {
  const { method = '', headers } = request;
  const route = findRoute(shape, method);
  if (route === undefined) {
    const allow = methodsOf(shape);
    return refuse(new Fault('Unsupported', { reason: `This path takes ${allow}, not ${method}` }), { Allow: allow });
  }
  const ns = query.getAll('ns').length === 1 ? (query.get('ns') ?? undefined) : undefined;
  const registry = registryOf({ ns, host: headers.host, claimed: claims.registry }, edge.defaultRegistry);
  const call: Call<S> = {
    method,
    principal: claims.principal,
    target: { ...names, registry },
    query,
    namespace: registryOfHost(ns) && ns,
    headers,
    body: request,
  };
  const repositoryName = 'repositoryName' in names ? names.repositoryName : undefined;
  annotate({ raw: request }, { account: registry.id, region: registry.region });
  if (repositoryName !== undefined) annotate({ raw: request }, { repository: repositoryName });
  if (route.action !== undefined) await authorize(edge, call, route.action, repositoryName);
  const answer = await route.answer(edge, call);
  if (call.namespace === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'OCI-Namespace': call.namespace } };
}
