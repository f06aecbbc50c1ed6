using System.Text;

namespace Backend;

/// <summary>Answers by the last segment of the path, so that a route's prefix does not matter.</summary>
internal static class Bodies
{
    private static readonly byte[] Hello = "Hello, World!"u8.ToArray();
    private static readonly byte[] OneKilobyte = Text(1024);
    private static readonly byte[] HundredKilobytes = Text(100 * 1024);

    public static Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value.AsSpan();
        var body = path[(path.LastIndexOf('/') + 1)..] switch
        {
            "13" => Hello,
            "1k" or "cached" => OneKilobyte,
            "100k" => HundredKilobytes,
            // What an OTLP collector answers.
            "traces" or "metrics" or "logs" => [],
            _ => null,
        };
        if (body is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        if (path.EndsWith("cached"))
        {
            context.Response.Headers.CacheControl = "public, max-age=3600";
        }

        context.Response.ContentType = "text/plain";
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body).AsTask();
    }

    private static byte[] Text(int length) => Encoding.ASCII.GetBytes(new string('x', length));
}
