/** A pipe that a shell has opened and named, as for <(command): told by its place, because it has a writer already. */
export const isShellsPipe = (path: string): boolean => /^\/(?:dev|proc\/self)\/fd\/\d+$/.test(path);
