# SPDX-License-Identifier: EUPL-1.2
"""A call in JavaScript, Java and C#, with what comes with each.

Every text of a stranger becomes a string of JSON in ASCII, which is a string of these languages
too: quotes, backslashes and control characters are escaped, and an escape of Java's own
(`backslash u`) is not begun, because a backslash of the text is doubled.
"""

from __future__ import annotations

import json

from landschap.catalogue.reading.calling import Call, Header

SECONDS = 30
_NODE = "process.env.{}"
_JAVA = 'System.getenv("{}")'
_CSHARP = 'Environment.GetEnvironmentVariable("{}")'


def as_javascript(call: Call) -> str:
    """For Node 18 or newer; a secret is read from its environment."""
    headers = [f"    {_text(each.name)}: {_value(each, _NODE)}," for each in call.headers]
    body = [f"  body: {_text(call.body)},"] if call.body else []
    lines = [
        f"fetch({_text(call.address)}, {{",
        f"  method: {_text(call.method)},",
        "  headers: {",
        *headers,
        "  },",
        *body,
        f"  signal: AbortSignal.timeout({SECONDS * 1000}),",
        "})",
        "  .then(async (answer) => {",
        "    const text = await answer.text();",
        "    if (!answer.ok) throw new Error(`${answer.status} ${text}`);",
        "    console.log(text);",
        "  })",
        "  .catch((error) => { console.error(error); process.exitCode = 1; });",
    ]
    return "\n".join(lines) + "\n"


def as_java(call: Call) -> str:
    """For Java 11 or newer."""
    headers = [
        f"            .header({_text(each.name)}, {_value(each, _JAVA)})" for each in call.headers
    ]
    body = f"ofString({_text(call.body)})" if call.body else "noBody()"
    lines = [
        "import java.net.URI;",
        "import java.net.http.HttpClient;",
        "import java.net.http.HttpRequest;",
        "import java.net.http.HttpRequest.BodyPublishers;",
        "import java.net.http.HttpResponse;",
        "import java.net.http.HttpResponse.BodyHandlers;",
        "import java.time.Duration;",
        "",
        "public class Question {",
        "    public static void main(String[] arguments) throws Exception {",
        "        HttpRequest question = HttpRequest.newBuilder()",
        f"            .uri(URI.create({_text(call.address)}))",
        f"            .timeout(Duration.ofSeconds({SECONDS}))",
        *headers,
        f"            .method({_text(call.method)}, BodyPublishers.{body})",
        "            .build();",
        "        HttpResponse<String> answer =",
        "            HttpClient.newHttpClient().send(question, BodyHandlers.ofString());",
        "        System.out.println(answer.body());",
        "        System.exit(answer.statusCode() < 400 ? 0 : 1);",
        "    }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def as_csharp(call: Call) -> str:
    """For .NET 6 or newer."""
    medium = next((each.value for each in call.headers if _is_medium(each)), "")
    headers = [
        f"question.Headers.TryAddWithoutValidation({_text(each.name)}, {_value(each, _CSHARP)});"
        for each in call.headers
        if not _is_medium(each)
    ]
    body = [
        f"question.Content = new StringContent({_text(call.body)});",
        f"question.Content.Headers.ContentType = MediaTypeHeaderValue.Parse({_text(medium)});",
    ]
    lines = [
        "using System;",
        "using System.Net.Http;",
        "using System.Net.Http.Headers;",
        "",
        f"using var client = new HttpClient {{ Timeout = TimeSpan.FromSeconds({SECONDS}) }};",
        f"using var question = new HttpRequestMessage(new HttpMethod({_text(call.method)}),",
        f"    {_text(call.address)});",
        *headers,
        *(body if call.body else []),
        "using var answer = await client.SendAsync(question);",
        "Console.WriteLine(await answer.Content.ReadAsStringAsync());",
        "return answer.IsSuccessStatusCode ? 0 : 1;",
    ]
    return "\n".join(lines) + "\n"


def _is_medium(header: Header) -> bool:
    return header.name.lower() == "content-type"


def _value(header: Header, secret: str) -> str:
    """The value of a header: a text, what the environment holds, or one after the other."""
    if not header.secret:
        return _text(header.value)
    read = secret.format(header.secret)
    return f"{_text(header.value)} + {read}" if header.value else read


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=True)
