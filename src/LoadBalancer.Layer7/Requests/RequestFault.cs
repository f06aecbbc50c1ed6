using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Requests;

/// <summary>Why a request is not served, whatever its route.</summary>
/// <param name="Status">HTTP status of the answer.</param>
/// <param name="Refusal">The kind.</param>
/// <param name="Detail">The reason, for people.</param>
internal sealed record RequestFault(int Status, Refusal Refusal, string Detail)
{
    /// <summary>The request breaks the protocol, or two readers could read it in two ways.</summary>
    public static RequestFault Malformed(string detail) => new(StatusCodes.Status400BadRequest, Refusal.Malformed, detail);

    /// <summary>The request asks for something that no route can give.</summary>
    public static RequestFault Unsupported(string detail) => new(StatusCodes.Status501NotImplemented, Refusal.Malformed, detail);

    /// <summary>The request is for somebody else (RFC 9110 section 15.5.20).</summary>
    public static RequestFault Misdirected(string detail) => new(StatusCodes.Status421MisdirectedRequest, Refusal.Misdirected, detail);
}
