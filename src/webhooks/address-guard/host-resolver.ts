import { lookup } from 'node:dns/promises';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { Injectable } from '@nestjs/common';

/** Turns a host name into all of its addresses, as the machine's own resolver does. */
@Injectable()
export class HostResolver {
  resolve(hostname: string, options: LookupOptions = {}): Promise<LookupAddress[]> {
    return lookup(hostname, { ...options, all: true });
  }
}
