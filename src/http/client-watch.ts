import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The abort reason when the client has left: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
  constructor() {
    super('the client closed the connection');
  }
}

const watchesBySocket = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `onGone` once when the connection closes before the answer is complete. The socket is watched, not the request
 * (its 'close' comes when its body has been read) nor the response (its 'close' never comes while it waits behind another
 * one on a pipelined connection). One listener serves all requests of a connection.
 * @returns stops watching
 */
export function watchClient(request: IncomingMessage, response: ServerResponse, onGone: () => void): () => void {
  const { socket } = request;
  const watch = (): void => {
    if (!response.writableFinished) onGone();
  };
  if (socket.destroyed) {
    watch();
    return () => {};
  }
  let watches = watchesBySocket.get(socket);
  if (watches === undefined) {
    const fresh = new Set<() => void>();
    socket.once('close', () => {
      for (const each of fresh) each();
      fresh.clear();
    });
    watchesBySocket.set(socket, fresh);
    watches = fresh;
  }
  watches.add(watch);
  return () => watches.delete(watch);
}

/** Whether a watched request of this connection is still being answered. */
export function hasWatchedRequest(socket: Socket): boolean {
  return (watchesBySocket.get(socket)?.size ?? 0) > 0;
}
