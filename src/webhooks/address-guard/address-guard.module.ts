import { Module } from '@nestjs/common';
import { AddressGuard } from './address-guard.js';
import { HostResolver } from './host-resolver.js';

@Module({ providers: [AddressGuard, HostResolver], exports: [AddressGuard, HostResolver] })
export class AddressGuardModule {}
