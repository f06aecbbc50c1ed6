using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace LoadBalancer.Layer7.Errors;

/// <summary>A page for people, whole in itself: nothing is loaded, nothing runs, and everything in it is escaped.</summary>
internal static class ErrorPage
{
    public const string ContentType = "text/html; charset=utf-8";

    /// <summary>What a browser may do with it.</summary>
    public const string SecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

    private const string Style = """
        :root { color-scheme: light dark; --back: #f6f7f9; --card: #fff; --text: #1c2128; --quiet: #59636e; --line: #d8dee4; --mark: #b42318; }
        @media (prefers-color-scheme: dark) {
          :root { --back: #14171c; --card: #1c2128; --text: #e6e9ed; --quiet: #a3adb8; --line: #353c45; --mark: #ff8a7a; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--back); color: var(--text);
          font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
        main { width: 100%; max-width: 38rem; min-width: 0; padding: clamp(1.25rem, 5vw, 2.5rem); background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
        .status { margin: 0; color: var(--mark); font-size: .875rem; font-weight: 600; }
        h1 { margin: .25rem 0 .75rem; font-size: 1.5rem; line-height: 1.25; }
        p { margin: 0 0 1rem; overflow-wrap: anywhere; }
        dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .375rem 1.25rem; margin: 1.25rem 0 0; padding-top: 1.25rem;
          border-top: 1px solid var(--line); font-size: .875rem; }
        dt { color: var(--quiet); }
        dd { margin: 0; font-family: ui-monospace, "Cascadia Mono", Consolas, monospace; overflow-wrap: anywhere; }
        """;

    public static ReadOnlyMemory<byte> Write(ErrorAnswer answer)
    {
        var page = new StringBuilder(4096);
        page.Append(CultureInfo.InvariantCulture, $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="robots" content="noindex">
            <title>{answer.Status} {Escape(answer.Title)}</title>
            <style>
            {Style}
            </style>
            </head>
            <body>
            <main>
            <p class="status">{answer.Status}</p>
            <h1>{Escape(answer.Title)}</h1>
            <p>{Escape(answer.Detail)}</p>

            """);
        if (answer.RetryAfter is { } seconds)
        {
            page.Append(CultureInfo.InvariantCulture, $"<p>Try again in {seconds} {(seconds == 1 ? "second" : "seconds")}.</p>\n");
        }

        page.Append("<dl>\n");
        AddRow(page, "Route", answer.Route);
        AddRow(page, "Pool", answer.Pool);
        AddRow(page, "Reason", answer.Reason.ToString());
        AddRow(page, "Backend", answer.Backend);
        AddRow(page, "Cause", answer.Cause);
        AddRow(page, "Trace", answer.TraceId);
        page.Append("</dl>\n</main>\n</body>\n</html>\n");
        return Encoding.UTF8.GetBytes(page.ToString());
    }

    private static void AddRow(StringBuilder page, string name, string? value)
    {
        if (value is not null)
        {
            page.Append(CultureInfo.InvariantCulture, $"<dt>{name}</dt><dd>{Escape(value)}</dd>\n");
        }
    }

    private static string Escape(string text) => HtmlEncoder.Default.Encode(text);
}
