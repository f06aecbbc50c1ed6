using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace LoadBalancer.Layer7.Errors;

/// <summary>Finds the form of an answer that a client wants.</summary>
internal static class ErrorForms
{
    private const string GrpcType = "application/grpc";

    private static readonly string[] Html = ["text/html"];
    private static readonly string[] Json = ["application/problem+json", "application/json"];

    /// <summary>The form: gRPC for gRPC, a page where the client likes HTML better than JSON (RFC 9110 §12.5.1), else JSON.</summary>
    public static ErrorForm Of(HttpRequest request) =>
        request.ContentType is { } type && type.StartsWith(GrpcType, StringComparison.OrdinalIgnoreCase) ? ErrorForm.Grpc
        : MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted) && QualityOf(Html, accepted) > QualityOf(Json, accepted) ? ErrorForm.Html
        : ErrorForm.Json;

    private static double QualityOf(string[] types, IList<MediaTypeHeaderValue> accepted) => types.Max(type => QualityOf(type, accepted));

    // The most specific range decides: text/html before text/* before */*.
    private static double QualityOf(string type, IList<MediaTypeHeaderValue> accepted)
    {
        var wanted = new MediaTypeHeaderValue(type);
        return accepted
            .Where(range => range.MatchesAllTypes || wanted.IsSubsetOf(new MediaTypeHeaderValue(range.MediaType)))
            .OrderByDescending(range => range.MatchesAllTypes ? 0 : range.MatchesAllSubTypes ? 1 : 2)
            .Select(range => range.Quality ?? 1)
            .FirstOrDefault();
    }
}
