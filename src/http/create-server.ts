import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { type Clock, systemClock } from '../model/clock.ts';
import type { Ids } from '../model/ids.ts';
import { logWhenDone } from './access-log.ts';
import type { Admission } from './admission.ts';
import { hasBody, watchConnections } from './connection-watch.ts';
import { addDraining } from './draining.ts';
import { answerError } from './error-handler.ts';
import { continueWhenRead } from './expect-continue.ts';
import { addHealth, type ReadinessChecks } from './health.ts';
import type { HostAllowed } from './host-check.ts';
import { answerMalformedHttp } from './malformed-http.ts';
import { METHODS } from './node-http.ts';
import { answerNotFound } from './not-found.ts';
import { checkRequest } from './request-checks.ts';
import type { RequestCounts } from './request-counts.ts';
import { sendRefusal } from './request-refusal.ts';
import { answerFirst, TurnAway } from './turn-away.ts';

export interface ServerOptions {
  readonly logger: FastifyBaseLogger;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly hostAllowed: HostAllowed;
  readonly readiness?: ReadinessChecks;
  readonly clock?: Clock;
  /** Decides whether requests are taken in hand; without it all are. */
  readonly admission?: Admission;
  readonly counts?: RequestCounts;
  readonly limits?: Partial<ServerLimits>;
}

export interface ServerLimits {
  /** For all headers of a request, from the first byte or the start of the connection. */
  readonly headersMs: number;
  readonly headerBytes: number;
  /** How often connections are looked at for the limits in time. */
  readonly lookMs: number;
  readonly keepAliveMs: number;
  /** How long an answer may make no progress for a client that does not read. */
  readonly idleMs: number;
  readonly bodyBytesPerSecond: number;
  readonly bodyWindowMs: number;
  readonly lingerMs: number;
  /** How long a check may take before it counts as failed. */
  readonly readinessMs: number;
}

const LIMITS: ServerLimits = {
  headersMs: 10_000,
  headerBytes: 16_384,
  lookMs: 5_000,
  // Longer than the 60 seconds after which common load balancers let go.
  keepAliveMs: 75_000,
  idleMs: 60_000,
  bodyBytesPerSecond: 1024,
  bodyWindowMs: 60_000,
  lingerMs: 5_000,
  readinessMs: 3_000,
};

/**
 * The HTTP server below every edge; it knows no protocol. Edges are plugins that add routes to it.
 *
 * - A body is never parsed or buffered: `request.body` is `request.raw`, the stream, for the edge to read
 *   (`readBody`, `bodyChunks`) or to leave.
 * - `x-amzn-RequestId` and `nosniff` are on every answer, and `request.id` is that id.
 * - What an edge does not answer is answered in JSON that every kind of client can show.
 */
export function createServer(options: ServerOptions): FastifyInstance {
  const { logger, ids, hostAllowed, readiness = {}, clock = systemClock, admission, counts } = options;
  const limits = { ...LIMITS, ...options.limits };
  const watch = watchConnections(clock, { ...limits, windowMs: limits.bodyWindowMs });

  const begin = (request: FastifyRequest, reply: FastifyReply) => {
    // Set below Fastify, which would write the names in lower case.
    reply.raw.setHeader('x-amzn-RequestId', request.id);
    reply.raw.setHeader('X-Content-Type-Options', 'nosniff');
    watch.add(request.raw, reply.raw);
    logWhenDone(request, reply);
    counts?.noteWhenDone(request.raw, reply.raw);
  };

  const server: FastifyInstance = fastify({
    loggerInstance: logger,
    logController: new QuietRequests({ requestIdLogLabel: 'requestId' }),
    genReqId: () => ids.uuid(),
    exposeHeadRoutes: false,
    // What is already connected is served to the end of the grace.
    return503OnClosing: false,
    keepAliveTimeout: limits.keepAliveMs,
    // A layer may take hours; the connection watch ends what makes no progress.
    requestTimeout: 0,
    connectionTimeout: limits.idleMs,
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: limits.lookMs,
      insecureHTTPParser: false,
      // Answered by the checks instead, with a request id.
      requireHostHeader: false,
    },
    // No parameter is longer than the headers may be.
    routerOptions: { maxParamLength: limits.headerBytes },
    clientErrorHandler: (error, socket) =>
      answerMalformedHttp(error, socket, { ids, logger, midAnswer: watch.isAnswering(socket) }),
    // A path that cannot be decoded never reaches a route or a hook.
    frameworkErrors: (_error, request, reply) => {
      begin(request, reply);
      sendRefusal(reply, { status: 400, code: 'MalformedRequest', message: 'The path is not valid percent-encoding' });
    },
  });

  // To Fastify a method without a body is one whose body it leaves alone.
  for (const method of METHODS) server.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  server.addHook('onRequest', (request, reply, done) => {
    request.body = request.raw;
    begin(request, reply);
    const refusal = checkRequest(request.raw, hostAllowed);
    if (refusal === undefined) return done();
    // Where one request ends and the next begins is not sure of what is malformed.
    if (refusal.status === 400) reply.raw.setHeader('connection', 'close');
    sendRefusal(reply, refusal);
  });
  server.setErrorHandler(answerError);
  server.setNotFoundHandler(answerNotFound);
  addHealth(server, readiness, { isDraining: addDraining(server), patience: limits.readinessMs });

  const turnAway = new TurnAway({ logger, clock, ids });
  if (admission)
    answerFirst(server.server, (request, response, others) => {
      const busy = admission.take(request, response, others);
      if (busy === undefined) return;
      counts?.noteBusy(request);
      // Before the answer, so that the watch hears of its end.
      if (hasBody(request)) watch.add(request, response);
      turnAway.answer(request, response, busy);
    });
  continueWhenRead(server.server);
  server.server.on('timeout', watch.timedOut);
  const looking = setInterval(watch.check, limits.lookMs).unref();
  server.addHook('onClose', async () => clearInterval(looking));
  return server;
}

/** Requests have a line of their own (`access-log.ts`), so that only what goes wrong below the edges is left to tell. */
class QuietRequests extends LogController {
  override incomingRequest(): void {}
  override requestCompleted(): void {}
  override routeNotFound(): void {}
}
