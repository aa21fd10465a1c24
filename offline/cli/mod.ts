/**
 * A stand-in for `jsr:@std/cli`, for machines that cannot reach JSR: the part of it that is used here,
 * under the same names and with the same behaviour.
 *
 * @module
 */
export * from "./parse_args.ts";
