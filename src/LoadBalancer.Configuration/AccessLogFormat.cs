namespace LoadBalancer.Configuration;

/// <summary>The form of the access log's file.</summary>
public enum AccessLogFormat
{
    /// <summary>The Apache HTTP server's combined log format.</summary>
    Combined,

    /// <summary>W3C Extended Log File Format (W3C working draft WD-logfile-960323).</summary>
    W3C,
}
