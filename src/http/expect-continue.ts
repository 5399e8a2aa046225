import type { Server } from 'node:http';

/**
 * Asks for a body (`100 Continue`) once somebody reads it, instead of at once as Node does: a caller who is refused for
 * its credentials is not made to send a layer first. Answered without having been asked, it may go on to send the body or
 * not; Node then closes the connection.
 */
export function continueWhenRead(server: Server): void {
  server.on('checkContinue', (request, response) => {
    const read = request._read;
    request._read = (size) => {
      request._read = read;
      if (!response.headersSent) response.writeContinue();
      read.call(request, size);
    };
    server.emit('request', request, response);
  });
}
