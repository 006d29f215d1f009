/** A COPY or UNLOAD that does not fit; objects are named by their place in the list, columns by name, values never. */
export class CopyError extends Error {}
