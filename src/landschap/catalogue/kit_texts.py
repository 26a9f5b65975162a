# SPDX-License-Identifier: EUPL-1.2
"""The texts that are laid in a client kit; what stands between « and » is filled in.

Source: ``docs/how-to/ask-from-a-program.md``; house decision: own side of the Outway.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_BLANK = re.compile(r"«([a-z]+)»")


def filled(form: str, values: Mapping[str, str]) -> str:
    """The text with each blank filled once: what is filled in has no blanks of its own."""
    return _BLANK.sub(lambda found: values[found[1]], form)


HEAD = """\
# Client kit: «title»

Types and calls are generated from the description of the API by OpenAPI Generator. Every question
goes through the Outway of your own organisation: it knows the contract, decides whether you may
ask, signs, and writes it down. You name contract and purpose; a key admits your application.
"""

PURPOSES = """\
## Purposes that the provider accepts

"""

AWAY = """\
## Left open

These parts stand in other documents, which were not fetched. Here they are values of any kind:

"""

HEADERS = """\
## What goes over the line

| Header | What it says |
| --- | --- |
| `Fsc-Grant-Alias` | the contract, by the name of the service; `peer/service` when there are more |
| `Fsc-Grant-Hash` | the contract, when you give a grant hash (`$1$...`) |
| `Doelbinding` | the purpose: its address, or the last part of it |
| `X-Api-Key` | the key of your application (`landschap application add`) |
| `Authorization` | who asks, when an employee is logged in |
| `Zaak` | the number of the case; it stays within your organisation |
| `Handeling` | which processing activity, when the contract names more than one |

The answer bears `Fsc-Transaction-Id`; `landschap explain` tells with it what happened.
"""

USE_TYPESCRIPT = """\
## Use

```sh
npm install && npm run build
```

```typescript
import { DefaultApi, Configuration } from "./src/index.js";
import { throughOutway } from "./src/outway.js";

const api = new DefaultApi(new Configuration(throughOutway({
  address: process.env.LANDSCHAP_OUTWAY ?? "«address»",
  key: process.env.LANDSCHAP_KEY,
  contract: "«contract»",
  purpose: "«purpose»",
})));
```

Which classes there are (`DefaultApi`, or one for each tag of the description) is in `src/apis`.
"""

USE_JAVA = """\
## Use

`mvn install` makes the jar; it needs Java 11 or newer and Jackson.

```java
import «package».Outway;
import «package».api.DefaultApi;

var outway = new Outway("«address»", System.getenv("LANDSCHAP_KEY"))
    .contract("«contract»")
    .purpose("«purpose»");
var api = new DefaultApi(outway.client());
```

Which classes there are (`DefaultApi`, or one for each tag) is in the package `api`.
"""

OUTWAY_TS = """\
// SPDX-License-Identifier: EUPL-1.2
import type { ConfigurationParameters } from './runtime.js';

/** The path of the service, behind the Outway as it is before the provider's own door. */
export const BASE = «base»;

/** The contract that the description names; empty when it names none. */
export const CONTRACT = «contract»;

export interface Asking {
    /** Where the Outway of your own organisation listens. */
    address: string;
    /** For what you ask: the address of a purpose, or its last part. */
    purpose: string;
    /** A service, `peer/service`, or a grant hash; as the description says when it is left out. */
    contract?: string;
    /** The key of your application. */
    key?: string;
    /** The token of the employee who asks. */
    token?: string;
    /** The number of the case; it stays within your organisation. */
    caseNumber?: string;
    /** The processing activity, when the contract names more than one. */
    action?: string;
}

/** What the generated classes need to ask through the Outway. */
export function throughOutway(asking: Asking): ConfigurationParameters {
    const contract = asking.contract || CONTRACT;
    if (!contract) throw new Error('name the contract: the description names none');
    const headers: Record<string, string> = {
        [/^\\$\\d+\\$\\d+\\$/.test(contract) ? 'Fsc-Grant-Hash' : 'Fsc-Grant-Alias']: contract,
        Doelbinding: asking.purpose,
    };
    if (asking.key) headers['X-Api-Key'] = asking.key;
    if (asking.token) headers['Authorization'] = `Bearer ${asking.token}`;
    if (asking.caseNumber) headers['Zaak'] = asking.caseNumber;
    if (asking.action) headers['Handeling'] = asking.action;
    return { basePath: asking.address.replace(/\\/+$/, '') + BASE, headers };
}
"""

OUTWAY_JAVA = """\
// SPDX-License-Identifier: EUPL-1.2
package «package»;

import java.util.LinkedHashMap;
import java.util.Map;

/** How a question goes through the Outway of your own organisation. */
public final class Outway {
    /** The path of the service, behind the Outway as it is before the provider's own door. */
    public static final String BASE_PATH = «base»;

    /** The contract that the description names; empty when it names none. */
    public static final String NAMED = «contract»;

    private final String address;
    private final Map<String, String> headers = new LinkedHashMap<>();

    /**
     * @param address where the Outway listens
     * @param key the key of your application; null when it is admitted in another way
     */
    public Outway(String address, String key) {
        this.address = address.replaceAll("/+$", "");
        header("X-Api-Key", key);
        if (!NAMED.isEmpty()) contract(NAMED);
    }

    /** A service, {@code peer/service}, or a grant hash; as the description says when left out. */
    public Outway contract(String name) {
        headers.remove("Fsc-Grant-Hash");
        headers.remove("Fsc-Grant-Alias");
        boolean isHash = name.matches("\\\\$\\\\d+\\\\$\\\\d+\\\\$.+");
        return header(isHash ? "Fsc-Grant-Hash" : "Fsc-Grant-Alias", name);
    }

    /** For what you ask: the address of a purpose, or its last part. */
    public Outway purpose(String uri) {
        return header("Doelbinding", uri);
    }

    /** The token of the employee who asks. */
    public Outway token(String token) {
        return header("Authorization", token == null ? null : "Bearer " + token);
    }

    /** The number of the case; it stays within your organisation. */
    public Outway caseNumber(String number) {
        return header("Zaak", number);
    }

    /** The processing activity, when the contract names more than one. */
    public Outway action(String action) {
        return header("Handeling", action);
    }

    /** What the generated classes need. */
    public ApiClient client() {
        Map<String, String> kept = Map.copyOf(headers);
        ApiClient client = new ApiClient();
        client.updateBaseUri(address + BASE_PATH);
        client.setRequestInterceptor(request -> kept.forEach(request::setHeader));
        return client;
    }

    private Outway header(String name, String value) {
        if (value != null && !value.isEmpty()) headers.put(name, value);
        return this;
    }
}
"""
