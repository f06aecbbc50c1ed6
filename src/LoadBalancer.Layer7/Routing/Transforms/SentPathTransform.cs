using LoadBalancer.Layer7.Requests;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Transforms;

namespace LoadBalancer.Layer7.Routing.Transforms;

/// <summary>
/// Keeps escapes as the client wrote them, where the path has some that matter: YARP's own way from the decoded path
/// makes <c>%252F</c> of <c>%2F</c>, and <c>;</c> of <c>%3B</c>. The last of all transforms of the path.
/// </summary>
internal sealed class SentPathTransform : RequestTransform
{
    public override ValueTask ApplyAsync(RequestTransformContext context)
    {
        if (context.HttpContext.Features.Get<RequestPath>() is not { Encoded: var encoded })
        {
            return default;
        }

        var original = context.HttpContext.Request.Path.Value!;
        var sent = context.Path.Value ?? "";
        if (sent == original)
        {
            Send(context, encoded);
        }
        else if (original.EndsWith(sent, StringComparison.Ordinal) && EndOf(encoded, sent) is { } rest)
        {
            Send(context, rest);
        }
        else if (CountOf(original, "%") is var escapes and > 0)
        {
            // "%2F" is left in the decoded path, where "%25" has left the same sign.
            var signs = CountOf(encoded, "%25");
            if (signs == 0)
            {
                Send(context, string.Join('%', sent.Split('%').Select(PathMapping.Encode)));
            }
            else if (signs < escapes)
            {
                context.HttpContext.Response.StatusCode = StatusCodes.Status400BadRequest;
            }
        }

        return default;
    }

    // A prefix was removed: decoding makes and takes no slashes, so that those behind it can be counted from the end.
    private static string? EndOf(string encoded, string decoded)
    {
        var start = encoded.Length;
        for (var slashes = CountOf(decoded, "/"); slashes > 0 && start > 0; slashes--)
        {
            start = encoded.LastIndexOf('/', start - 1);
        }

        return start >= 0 && PathString.FromUriComponent(encoded[start..]).Value == decoded ? encoded[start..] : null;
    }

    private static int CountOf(string text, string part) => text.AsSpan().Count(part);

    private static void Send(RequestTransformContext context, string path) => context.ProxyRequest.RequestUri = new Uri(
        string.Concat(context.DestinationPrefix.AsSpan().TrimEnd('/'), path is ['/', ..] ? "" : "/", path, context.Query.QueryString.ToUriComponent()),
        // It is as it shall be.
        new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
}
