import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../model/clock.ts';

export interface WatchLimits {
  /** A body must bring this many bytes a second, averaged over `windowMs`, while we wait for it. */
  readonly bodyBytesPerSecond: number;
  readonly windowMs: number;
  /** How long the rest of a body may still arrive after the request has been answered. */
  readonly lingerMs: number;
}

/**
 * Ends connections whose other side holds things up: bodies that trickle in (no time limit on the whole request could
 * do that, layers take hours on slow lines), bodies that nobody wants any more, answers that nobody reads.
 */
export interface ConnectionWatch {
  add(request: IncomingMessage, response: ServerResponse): void;
  /** Ends every connection whose body has fallen below the floor. To be called every few seconds. */
  check(): void;
  /** For a socket on which nothing has moved for the idle time: ends it unless it is we who are at work. */
  timedOut(socket: Socket): void;
  /** Whether an answer has begun and not ended on this socket. */
  isAnswering(socket: Socket): boolean;
}

interface Window {
  start: number;
  bytesRead: number;
}

export function watchConnections(clock: Clock, limits: WatchLimits): ConnectionWatch {
  const bodies = new Map<IncomingMessage, Window>();
  const responses = new WeakMap<Socket, Set<ServerResponse>>();

  return {
    add(request, response) {
      const { socket } = request;
      const open = responses.get(socket) ?? new Set();
      responses.set(socket, open.add(response));
      if (hasBody(request)) bodies.set(request, { start: clock.now(), bytesRead: socket.bytesRead });
      response.once('close', () => {
        open.delete(response);
        bodies.delete(request);
        if (hasBody(request) && !request.complete) discardRest(request, limits.lingerMs);
      });
    },

    check() {
      const now = clock.now();
      for (const [request, window] of bodies) {
        const { bytesRead } = request.socket;
        // Bytes that wait in the buffer wait for us, not we for them.
        const waiting = !request.complete && request.readableLength === 0;
        const floor = (limits.bodyBytesPerSecond * limits.windowMs) / 1000;
        if (!waiting || bytesRead - window.bytesRead >= floor) {
          window.start = now;
          window.bytesRead = bytesRead;
        } else if (now - window.start >= limits.windowMs) {
          request.socket.destroy();
        }
      }
    },

    timedOut(socket) {
      const idle = (responses.get(socket)?.size ?? 0) === 0;
      if (idle || socket.writableLength > 0) socket.destroy();
    },

    isAnswering(socket) {
      return [...(responses.get(socket) ?? [])].some((response) => response.headersSent);
    },
  };
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Reading on gives the caller time to see the answer: closing at once would reset the connection under it. */
function discardRest(request: IncomingMessage, lingerMs: number): void {
  request.resume();
  setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, lingerMs).unref();
}
