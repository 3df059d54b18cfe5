import { lookup } from 'node:dns/promises';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { Injectable } from '@nestjs/common';

/** Resolves a host name to all its addresses with the machine's own resolver. */
@Injectable()
export class HostResolver {
  resolve(hostname: string, options: LookupOptions = {}): Promise<LookupAddress[]> {
    return lookup(hostname, { ...options, all: true });
  }
}
