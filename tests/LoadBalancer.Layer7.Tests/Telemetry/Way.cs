namespace LoadBalancer.Layer7.Tests.Telemetry;

/// <summary>Who forwards a request.</summary>
public enum Way
{
    /// <summary>Our own forwarder for HTTP/1.1.</summary>
    Own,

    /// <summary>YARP's.</summary>
    Yarp,
}
